"""The start of a service whose database is a server's that may not be there yet."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from signal import SIGHUP, SIGINT, SIGTERM

import structlog

from notifier.errors import BusyError
from notifier.monitoring.sdnotify import Systemd
from notifier.store.db import Store
from notifier.store.engine import Engine

RETRY_S = 2.0
LATEST_S = 30
"""How long systemd is asked to wait on: beyond what one attempt takes."""

log = structlog.get_logger()


async def opened_when_there(engine: Engine, systemd: Systemd) -> Store:
    """Open the database as soon as it can be reached; a stop meanwhile ends the program.

    Raises StoreError for what does not pass by itself. A file is there, or is made.
    """
    if engine.file is not None:
        return Store(engine)
    with _stop_heard() as stop:
        told = ""
        while not stop.is_set():
            try:
                return await asyncio.to_thread(Store, engine)
            except BusyError as error:
                wait = f"EXTEND_TIMEOUT_USEC={LATEST_S}000000"
                systemd.tell(wait, "STATUS=Waiting for its database")
                if str(error) != told:
                    told = str(error)
                    log.warning("database_awaited", error=told)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_S)
    raise SystemExit(0)


@contextmanager
def _stop_heard() -> Iterator[asyncio.Event]:
    """Give an event that a stop sets; a reload has nothing to read anew yet."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (SIGTERM, SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(SIGHUP, lambda: None)
    try:
        yield stop
    finally:
        for number in (SIGTERM, SIGINT, SIGHUP):
            loop.remove_signal_handler(number)
