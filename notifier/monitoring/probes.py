"""What is asked over HTTP, and counted for it: loaded where ``NOTIFIER_HTTP`` is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from prometheus_client import generate_latest

from notifier.monitoring.gauges import gauges
from notifier.monitoring.health import troubles
from notifier.monitoring.health_reader import HealthReader
from notifier.monitoring.http import Answers, Pages, serving
from notifier.monitoring.metrics import Meters
from notifier.monitoring.poke import PokeDoor
from notifier.store import health
from notifier.store.health import Overview

NOT_IN_PLACE = "the database file was deleted or replaced under the running service"
NOT_IN = (
    "this member cannot reach the database: it polls and sends nothing, and goes on as soon"
    " as it can"
)

log = structlog.get_logger()


class Probes:
    """Answers ``/healthz``, ``/readyz``, ``/metrics`` from the database and own counters.

    Pokes go through the ``door`` that :meth:`serving` is given.

    ``poll_s`` is the time between polls and ``rate_limit`` requests a minute.
    """

    def __init__(self, health: HealthReader, *, poll_s: float, rate_limit: int) -> None:
        self.meters = Meters()
        self._health = health
        self._interval_ms = int(poll_s * 1000)
        self._rate_limit = rate_limit
        self._seq = 0

    @asynccontextmanager
    async def serving(
        self,
        host: str,
        port: int,
        door: PokeDoor | None = None,
        pages: Pages | None = None,
    ) -> AsyncIterator[None]:
        """Answer while the block runs; raises :class:`ConfigError` for an unusable address."""
        self._seq = await self._health.store.read(health.newest_event)
        answers = Answers(
            troubles=self._troubles, metrics=self._metrics, door=door, pages=pages
        )
        async with serving(host, port, answers) as bound:
            log.info("http_listening", host=host, port=bound)
            yield

    async def _troubles(self) -> list[str]:
        if not self._health.part.is_in():
            return [NOT_IN]
        if not self._health.store.is_in_place():
            return [NOT_IN_PLACE]
        now_ms = self._health.clocks.now_ms()
        found = await self._health.read()
        judged = troubles(found, now_ms=now_ms, interval_ms=self._interval_ms)
        return [one.what for one in judged if one.down]

    async def _metrics(self) -> bytes:
        self._seq, new = await self._health.store.read(health.events_since, self._seq)
        for event_type, count in new.items():
            self.meters.told(event_type, count)
        found = await self._health.read()
        left = await self._budget_left(found)
        known = gauges(
            found,
            now_ms=self._health.clocks.now_ms(),
            interval_ms=self._interval_ms,
            budget_left=left,
        )
        return generate_latest(self.meters.registry) + generate_latest(known)

    async def _budget_left(self, found: Overview) -> dict[str, int]:
        made = await self._health.store.read(
            health.requests_made, monotonic_ms=self._health.clocks.monotonic_ms()
        )
        keys = self._health.bots()
        return {
            one.name: max(self._rate_limit - made.get(keys[one.bot_id], 0), 0)
            for one in found.sources
            if one.bot_id in keys
        }
