"""The composition root: opens what the program needs, and closes it at the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TextIO, TypeAlias

from notifier.clocks import Clocks
from notifier.configuration.load import Configuration
from notifier.configuration.settings import Settings
from notifier.monitoring.monitor import Monitor, MonitoringOptions
from notifier.monitoring.pages import MeteredPages
from notifier.monitoring.sdnotify import Systemd
from notifier.service.budgets import budgets
from notifier.service.engine import Shared
from notifier.service.service import Service
from notifier.store.db import Store
from notifier.store.opening import engine_at
from notifier.transactions.turn import Turn
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
) -> AsyncIterator[Service]:
    """Open the database and its lock, and the upstream's client; close them at the end.

    ``observe`` hears of every turn of a lane, beside the metrics.
    """
    settings = config.settings
    async with AsyncExitStack() as stack:
        engine = engine_at(settings.database)
        stack.enter_context(engine.lock())
        store = Store(engine)
        stack.callback(store.close)
        client = Client(settings.base_url, timeout_s=settings.request_timeout.total_seconds())
        stack.push_async_callback(client.aclose)
        monitor = _monitor(settings, store, clocks, systemd or Systemd())
        meters, clock_ms = monitor.meters, clocks.monotonic_ms
        shared = Shared(
            settings=settings,
            store=store,
            client=MeteredPages(client, meters, clock_ms=clock_ms) if meters else client,
            observe=_observing(meters.turned if meters else None, observe),
            budget=budgets(store, settings, clocks),
            clocks=clocks,
            out=out,
        )
        yield Service(shared=shared, config=config, reread=reread, monitor=monitor)


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
