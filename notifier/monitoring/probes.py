"""What is asked over HTTP, and counted for it: loaded where ``NOTIFIER_HTTP`` is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from prometheus_client import generate_latest

from notifier.monitoring.gauges import gauges
from notifier.monitoring.http import Answers, serving
from notifier.monitoring.metrics import Meters
from notifier.monitoring.readiness import troubles
from notifier.monitoring.watch import Watch
from notifier.store import vitals

STALE_MS = 15 * 60 * 1000

log = structlog.get_logger()


class Probes:
    """Answers ``/healthz``, ``/readyz`` and ``/metrics`` from one watch and its own meters.

    ``poll_s`` is the time between polls and ``rate_limit`` requests a minute.
    """

    def __init__(self, watch: Watch, *, poll_s: float, rate_limit: int) -> None:
        self.meters = Meters()
        self._watch = watch
        self._stale_ms = max(STALE_MS, int(4 * poll_s * 1000))
        self._rate_limit = rate_limit
        self._seq = 0

    @asynccontextmanager
    async def serving(self, host: str, port: int) -> AsyncIterator[None]:
        """Answer while the block runs; raises :class:`ConfigError` for an unusable address."""
        self._seq = await self._watch.store.look(vitals.newest_event)
        answers = Answers(troubles=self._troubles, metrics=self._metrics)
        async with serving(host, port, answers) as bound:
            log.info("http_listening", host=host, port=bound)
            yield

    async def _troubles(self) -> list[str]:
        now_ms = self._watch.clocks.now_ms()
        found = await self._watch.look(self._watch.watched())
        return troubles(found, now_ms=now_ms, stale_ms=self._stale_ms)

    async def _metrics(self) -> bytes:
        self._seq, new = await self._watch.store.look(vitals.events_since, self._seq)
        for kind, count in new.items():
            self.meters.told(kind, count)
        watched = self._watch.watched()
        found = await self._watch.look(watched)
        left = {
            source.name: max(self._rate_limit - found.requests.get(key, 0), 0)
            for source, key in zip(found.sources, watched.bots.values(), strict=True)
        }
        known = gauges(found, now_ms=self._watch.clocks.now_ms(), budget_left=left)
        return generate_latest(self.meters.registry) + generate_latest(known)
