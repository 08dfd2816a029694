"""The composition root: opens what the program needs, and closes it at the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TextIO, TypeAlias

from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.configuration.load import Configuration
from notifier.configuration.settings import Settings
from notifier.members.clock import DatabaseClock
from notifier.monitoring.monitor import Monitor, MonitoringOptions
from notifier.monitoring.pages import MeteredPages, Pages
from notifier.monitoring.sdnotify import Systemd
from notifier.service.budgets import budgets
from notifier.service.service import Service
from notifier.service.shared import Shared
from notifier.service.sharing import join_members, tell_pause
from notifier.service.waiting import opened_when_there
from notifier.store import leases
from notifier.store.db import Store
from notifier.store.engine import Engine
from notifier.store.opening import engine_at
from notifier.transactions.turn import Turn
from notifier.upstream.budget import Budget
from notifier.upstream.client import Client

Observe: TypeAlias = Callable[[str, Turn], None]
"""Hears of a turn of the lane of that destination."""


@asynccontextmanager
async def assembled(
    config: Configuration,
    *,
    clocks: Clocks,
    out: TextIO,
    reread: Callable[[], Configuration],
    systemd: Systemd | None = None,
    observe: Observe | None = None,
    for_one_round: bool = False,
) -> AsyncIterator[Service]:
    """Open the database and its lock, and the upstream's client; close them at the end.

    ``observe`` hears of every turn of a lane, beside the metrics. ``for_one_round`` works on
    what nobody else does; else a server's database that is not there yet is waited for.
    """
    settings = config.settings
    async with AsyncExitStack() as stack:
        engine = engine_at(settings.database)
        stack.enter_context(engine.lock())
        store = await _opened(engine, systemd, waits=not for_one_round)
        stack.callback(store.close)
        if clock := await _clock_of(store, clocks):
            clocks = replace(clocks, now=clock.now)
        client = await stack.enter_async_context(_client(settings))
        monitor = _monitor(settings, store, clocks, systemd or Systemd())
        shared = Shared(
            settings=settings,
            store=store,
            client=_pages(client, monitor, clocks),
            observe=_observing(monitor.meters.turned if monitor.meters else None, observe),
            budget=_budgets(store, settings, clocks, lambda: service),
            clocks=clocks,
            out=out,
        )
        service = Service(shared=shared, config=config, reread=reread, monitor=monitor)
        if clock:
            # Its thread waits for nothing but its own turns.
            stack.callback((own := Store(engine)).close)
            join_members(service, own, heard=clock.heard, for_one_round=for_one_round)
        yield service


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Client]:
    client = Client(
        settings.base_url,
        timeout_s=settings.request_timeout.total_seconds(),
        poll_s=settings.poll_interval.total_seconds(),
    )
    try:
        yield client
    finally:
        await client.aclose()


def _budgets(
    store: Store, settings: Settings, clocks: Clocks, service: Callable[[], Service]
) -> Callable[[SecretStr], Budget]:
    def paused(token: str, pause_ms: int) -> None:
        tell_pause(service(), token, pause_ms)

    return budgets(store, settings, clocks, paused=paused)


def _pages(client: Client, monitor: Monitor, clocks: Clocks) -> Pages:
    meters = monitor.meters
    return MeteredPages(client, meters, clock_ms=clocks.monotonic_ms) if meters else client


async def _opened(engine: Engine, systemd: Systemd | None, *, waits: bool) -> Store:
    return await opened_when_there(engine, systemd or Systemd()) if waits else Store(engine)


async def _clock_of(store: Store, clocks: Clocks) -> DatabaseClock | None:
    """Return the clock of a server's database; a file's is this host's own."""
    if store.engine.file is not None:
        return None
    clock = DatabaseClock(clocks)
    clock.heard(await store.read(leases.now_ms, clocks.now_ms()))
    return clock


def _observing(*observers: Observe | None) -> Observe:
    there = [one for one in observers if one is not None]

    def observe(destination: str, turn: Turn) -> None:
        for one in there:
            one(destination, turn)

    return observe


def _monitor(settings: Settings, store: Store, clocks: Clocks, systemd: Systemd) -> Monitor:
    http = (settings.http.host, settings.http.port) if settings.http else None
    options = MonitoringOptions(
        http=http,
        heartbeat_url=settings.heartbeat_url,
        systemd=systemd,
        poke_secret=settings.poke_secret,
    )
    return Monitor(
        store,
        options=options,
        clocks=clocks,
        poll_s=settings.poll_interval.total_seconds(),
        rate_limit=settings.rate_limit,
    )
