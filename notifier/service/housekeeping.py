"""What goes on beside polling and delivering, for as long as the program runs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from notifier.clocks import Clocks
from notifier.errors import BusyError, StoreError
from notifier.store import responses, retention
from notifier.store.db import Store
from notifier.store.owned import Transactions

WATCH_S = 0.5
NONE_YET = -1

log = structlog.get_logger()


async def watch(store: Store, changed: Callable[[], Awaitable[None]]) -> None:
    """Call ``changed`` when another process, a command, has written to the database."""
    version = NONE_YET
    while True:
        # Polling and delivering tell of an error; the next look finds the change, too.
        with suppress(StoreError, BusyError):
            seen = await store.read(store.engine.changes)
            if version not in (seen, NONE_YET):
                await changed()
            version = seen
        await asyncio.sleep(WATCH_S)


async def prune(store: Transactions, clocks: Clocks, *, keep_ms: int) -> None:
    """Delete finished events, deliveries and bad records older than ``keep_ms``."""
    before_ms = clocks.now_ms() - keep_ms
    try:
        await _prune_all(store, retention.prune_quarantine, before_ms=before_ms)
        await _prune_all(store, responses.prune, before_ms=before_ms)
        gone = await _prune_all(store, retention.prune, before_ms=before_ms)
    except (StoreError, BusyError) as error:
        log.warning("prune_failed", error=str(error))
        return
    if gone:
        log.info("pruned", events=gone)


async def _prune_all(store: Transactions, prune: Callable[..., int], *, before_ms: int) -> int:
    gone = 0
    while True:
        count = await store.run(prune, before_ms=before_ms)
        gone += count
        if count < retention.BATCH:
            return gone
