"""Everything of this room together: what the service starts, and what it tells."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from prometheus_client import generate_latest
from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.errors import BusyError, StoreError
from notifier.monitoring.gauges import gauges
from notifier.monitoring.heartbeat import Heartbeat, Successes
from notifier.monitoring.http import Answers, serving
from notifier.monitoring.metrics import Meters
from notifier.monitoring.readiness import status, troubles
from notifier.monitoring.sdnotify import Systemd
from notifier.store import vitals
from notifier.store.db import Store
from notifier.store.vitals import Vitals

STALE_MS = 15 * 60 * 1000
STATUS_S = 10.0
# Three signs of life in the time that the manager allows for one.
WATCHDOG_SHARE = 1 / 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the rules in force name: token keys by bot id, and destinations."""

    bots: Mapping[str, str]
    destinations: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom the operator wants told: addresses, each of them optional."""

    http: tuple[str, int] | None
    heartbeat_url: SecretStr | None
    systemd: Systemd


class Monitor:
    """Watches one run from inside.

    ``poll_s`` is the time between polls and ``rate_limit`` requests a minute.
    """

    def __init__(
        self,
        store: Store,
        *,
        reach: Reach,
        clocks: Clocks,
        poll_s: float,
        rate_limit: int,
    ) -> None:
        self.meters = Meters()
        self.systemd = reach.systemd
        self._store = store
        self._watched: Callable[[], Watched] = lambda: Watched(bots={}, destinations=())
        self._reach = reach
        self._clocks = clocks
        self._poll_s = poll_s
        self._rate_limit = rate_limit
        self._seq = 0

    @asynccontextmanager
    async def on_duty(self, watched: Callable[[], Watched]) -> AsyncIterator[None]:
        """Serve, beat and give signs of life while the block runs.

        ``watched`` is asked anew each time, since a reload changes it. Raises
        :class:`ConfigError` where the HTTP address cannot be used.
        """
        self._watched = watched
        self._seq = await self._store.look(vitals.newest_event)
        async with AsyncExitStack() as stack:
            if self._reach.http:
                answers = Answers(troubles=self._troubles, metrics=self._metrics)
                port = await stack.enter_async_context(serving(*self._reach.http, answers))
                log.info("http_listening", host=self._reach.http[0], port=port)
            tasks = [asyncio.create_task(one) for one in self._duties()]
            for task in tasks:
                task.add_done_callback(_tell_crash)
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def round_completed(self) -> None:
        """Send the heartbeat of a round that was made off duty."""
        if heartbeat := self._heartbeat():
            await heartbeat.beat()

    def _heartbeat(self) -> Heartbeat | None:
        url = self._reach.heartbeat_url
        return Heartbeat(url, self._successes, every_s=self._poll_s) if url else None

    def _duties(self) -> Iterator[Coroutine[None, None, None]]:
        if heartbeat := self._heartbeat():
            yield heartbeat.run()
        if self.systemd.listens:
            yield self._signs_of_life()

    async def _signs_of_life(self) -> None:
        """Tell systemd that this loop turns and the database's thread answers, and how."""
        allowed_s = self.systemd.watchdog_s
        every_s = min(STATUS_S, allowed_s * WATCHDOG_SHARE) if allowed_s else STATUS_S
        while True:
            try:
                now_ms = self._clocks.now_ms()
                line = status(await self._look(self._watched(), now_ms), now_ms=now_ms)
            except (StoreError, BusyError) as error:
                # It answers: starting again would not mend a full disk.
                line = str(error)
            self.systemd.alive(line)
            await asyncio.sleep(every_s)

    async def _look(self, watched: Watched, now_ms: int) -> Vitals:
        return await self._store.look(
            vitals.vitals,
            bots=tuple(watched.bots),
            names=tuple(watched.destinations),
            now_ms=now_ms,
            monotonic_ms=self._clocks.monotonic_ms(),
        )

    async def _troubles(self) -> list[str]:
        now_ms = self._clocks.now_ms()
        stale_ms = max(STALE_MS, int(4 * self._poll_s * 1000))
        found = await self._look(self._watched(), now_ms)
        return troubles(found, now_ms=now_ms, stale_ms=stale_ms)

    async def _successes(self) -> Successes:
        found = await self._look(self._watched(), self._clocks.now_ms())
        return {
            one.name: one.last_success_ms if one.state == "up" else None
            for one in found.sources
        }

    async def _metrics(self) -> bytes:
        watched, now_ms = self._watched(), self._clocks.now_ms()
        self._seq, new = await self._store.look(vitals.events_since, self._seq)
        for kind, count in new.items():
            self.meters.told(kind, count)
        found = await self._look(watched, now_ms)
        left = {
            source.name: max(self._rate_limit - found.requests.get(key, 0), 0)
            for source, key in zip(found.sources, watched.bots.values(), strict=True)
        }
        known = gauges(found, now_ms=now_ms, budget_left=left)
        return generate_latest(self.meters.registry) + generate_latest(known)


def _tell_crash(task: asyncio.Task[None]) -> None:
    """Say at once what would else be found at the end: watching must not stop the work."""
    if not task.cancelled() and (error := task.exception()):
        log.error("monitoring_crashed", exc_info=error)
