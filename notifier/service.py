"""The composition root: builds every room from settings and rules, and runs them.

Everything that reads a clock, draws a random number or catches a signal is
chosen here and handed down.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import SecretStr
from rich.console import Console
from sqlite_utils import Database

from notifier.building import build_destinations, limits
from notifier.destinations.base import Destination
from notifier.dispatcher import Dispatcher
from notifier.dispatcher.lane import LaneTools
from notifier.intake import present_lead
from notifier.poller.listing import Intervals, ListingWalks
from notifier.poller.source import PollerTools, SourcePoller
from notifier.rules.model import Ruleset, SourceSpec
from notifier.settings import Settings
from notifier.store import outbox, sources
from notifier.store.db import Store
from notifier.store.lock import instance_lock
from notifier.upstream.budget import Budget, token_key
from notifier.upstream.client import Client, Listing

WATCH_S = 0.5
NO_AGE = timedelta(0)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """Where time and chance come from; tests bring their own."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000
    jitter: Callable[[], float] = random.random

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)


@dataclass(slots=True, kw_only=True)
class Service:
    """The rooms, connected. Made by :func:`assembled`."""

    store: Store
    dispatcher: Dispatcher
    pollers: list[SourcePoller]
    clocks: Clocks
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Poll and deliver until :meth:`stop`; what is in flight is finished first."""
        released = await self.store.run(outbox.release_all, now_ms=self.clocks.now_ms())
        log.info("started", sources=len(self.pollers), released=released)
        async with asyncio.TaskGroup() as tasks:
            watcher = tasks.create_task(self._watch())
            tasks.create_task(self.dispatcher.run())
            for poller in self.pollers:
                tasks.create_task(poller.run())
            await self._stopping.wait()
            watcher.cancel()
        log.info("stopped")

    async def once(self) -> bool:
        """Make the walks that are due, deliver what is due; False if a source failed."""
        await self.store.run(outbox.release_all, now_ms=self.clocks.now_ms())
        async with asyncio.TaskGroup() as tasks:
            polls = [tasks.create_task(poller.once()) for poller in self.pollers]
        await self.dispatcher.drain()
        return all(poll.result() for poll in polls)

    def stop(self) -> None:
        """End :meth:`run`: no more pages, no more claims."""
        log.info("stopping")
        for poller in self.pollers:
            poller.stop()
        self.dispatcher.stop()
        self._stopping.set()

    async def _watch(self) -> None:
        """Let every lane look when another process (a command) has written."""
        version = await self.store.look(_data_version)
        while True:
            await asyncio.sleep(WATCH_S)
            seen = await self.store.look(_data_version)
            if seen != version:
                version = seen
                self.dispatcher.wake_all()


@asynccontextmanager
async def assembled(
    settings: Settings,
    rules: Ruleset,
    watched: tuple[SourceSpec, ...],
    *,
    clocks: Clocks,
    console: Console,
) -> AsyncIterator[Service]:
    """Build the service, holding the database's lock; closes everything at the end."""
    async with AsyncExitStack() as stack:
        stack.enter_context(instance_lock(settings.database))
        store = Store(settings.database)
        stack.callback(store.close)
        destinations = build_destinations(settings, rules, now=clocks.now, console=console)
        for destination in destinations.values():
            stack.push_async_callback(destination.aclose)
        client = Client(settings.base_url, timeout_s=settings.request_timeout.total_seconds())
        stack.push_async_callback(client.aclose)
        dispatcher = Dispatcher()
        _open_lanes(dispatcher, store, destinations, rules, watched, clocks)
        await store.run(outbox.bury_removed, destinations)
        tools = PollerTools(
            store=store,
            client=client,
            budget=_budgets(store, settings, clocks),
            rules=lambda: rules,
            now=clocks.now,
            clock_ms=clocks.monotonic_ms,
            jitter=clocks.jitter,
            wake=dispatcher.wake,
        )
        pollers = [SourcePoller(_walks(spec, settings), tools) for spec in watched]
        yield Service(store=store, dispatcher=dispatcher, pollers=pollers, clocks=clocks)


def _open_lanes(  # noqa: PLR0917
    dispatcher: Dispatcher,
    store: Store,
    destinations: Mapping[str, Destination],
    rules: Ruleset,
    watched: tuple[SourceSpec, ...],
    clocks: Clocks,
) -> None:
    by_bot = {spec.source.bot_id: spec.source for spec in watched}
    tools = LaneTools(
        store=store,
        rules=lambda: rules,
        present=lambda db, key: present_lead(db, key, by_bot, rules),
        now_ms=clocks.now_ms,
        jitter=clocks.jitter,
        wake=dispatcher.wake,
    )
    dispatcher.open(destinations, limits(rules), tools)


class _Requests:
    """The request log that every process on this database shares."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        """Record a request where the budget grants it; see ``RequestLog``."""
        return await self._store.run(
            sources.claim_request, token_key, limit=limit, now_ms=now_ms
        )


def _budgets(store: Store, settings: Settings, clocks: Clocks) -> Callable[[SecretStr], Budget]:
    """Return the budget of a token: one for all sources that use it."""
    budgets: dict[str, Budget] = {}
    log_of_requests = _Requests(store)

    def budget(token: SecretStr) -> Budget:
        key = token_key(token)
        if key not in budgets:
            budgets[key] = Budget(
                log_of_requests,
                key=key,
                limit=settings.rate_limit,
                clock_ms=clocks.monotonic_ms,
            )
        return budgets[key]

    return budget


def _walks(spec: SourceSpec, settings: Settings) -> list[ListingWalks]:
    assert spec.token is not None
    match settings.first_run:
        case "silent":
            first_run: timedelta | None = NO_AGE
        case "notify":
            first_run = None
        case timedelta() as age:
            first_run = age
    intervals = Intervals(
        head_ms=int(settings.poll_interval.total_seconds() * 1000),
        sweep_ms=int(settings.sweep_interval.total_seconds() * 1000),
        first_run=first_run,
    )
    return [
        ListingWalks(
            listing=Listing(source=spec.source, kind=kind, token=spec.token),
            intervals=intervals,
        )
        for kind in spec.types
    ]


def _data_version(db: Database) -> int:
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def stop_on_signals(service: Service) -> None:
    """End the service on SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop)
