"""The monitoring of one run: probes, the heartbeat, and systemd's signs of life."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.crashes import keep_doing
from notifier.errors import BusyError, StoreError
from notifier.monitoring.health import status_line
from notifier.monitoring.health_reader import Bots, HealthReader, MemberRole
from notifier.monitoring.heartbeat import Heartbeat, Successes
from notifier.monitoring.http import Pages
from notifier.monitoring.metrics import Meters
from notifier.monitoring.poke import Poke, PokeDoor
from notifier.monitoring.probes import Probes
from notifier.monitoring.sdnotify import Systemd
from notifier.store.db import Store
from notifier.store.health import last_successes

STATUS_S = 10.0
# Three signs of life in the time that the manager allows for one.
WATCHDOG_SHARE = 1 / 3

OpenPages: TypeAlias = Callable[[], AbstractAsyncContextManager[Pages]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringOptions:
    """Whom to tell how it goes, and the secret for pokes; each is optional."""

    http: tuple[str, int] | None
    heartbeat_url: SecretStr | None
    systemd: Systemd
    poke_secret: SecretStr | None = None


class Monitor:
    """Watches one run from inside.

    ``poll_s`` is the time between polls and ``rate_limit`` requests a minute.
    """

    def __init__(
        self,
        store: Store,
        *,
        options: MonitoringOptions,
        clocks: Clocks,
        poll_s: float,
        rate_limit: int,
    ) -> None:
        self.systemd = options.systemd
        self._health = HealthReader(store=store, clocks=clocks)
        self._options = options
        self._poll_s = poll_s
        self._probes: Probes | None = None
        if options.http:
            self._probes = Probes(self._health, poll_s=poll_s, rate_limit=rate_limit)

    @property
    def meters(self) -> Meters | None:
        """The counters, where somebody may ask for them."""
        return self._probes.meters if self._probes else None

    @asynccontextmanager
    async def running(
        self,
        bots: Bots,
        poke: Poke | None = None,
        pages: OpenPages | None = None,
        part: MemberRole | None = None,
    ) -> AsyncIterator[None]:
        """Serve, beat and give signs of life while the block runs.

        ``bots`` are asked for anew each time, since a reload changes them,
        ``poke`` is what a poke does, ``pages`` opens what people look at, and ``part``
        is what this program has in the work of several. Raises :class:`ConfigError` where the
        HTTP address cannot be used.
        """
        self._health.bots = bots
        self._health.part = part or MemberRole()
        async with AsyncExitStack() as stack:
            if self._probes and self._options.http:
                site = await stack.enter_async_context(pages()) if pages else None
                serving = self._probes.serving(*self._options.http, self._door(poke), site)
                await stack.enter_async_context(serving)
            tasks = [asyncio.create_task(one) for one in self._tasks()]
            for task in tasks:
                task.add_done_callback(_tell_crash)
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def round_completed(self) -> None:
        """Send the heartbeat of a round made outside :meth:`running`."""
        if heartbeat := self._heartbeat():
            await heartbeat.beat()

    def _door(self, poke: Poke | None) -> PokeDoor | None:
        secret = self._options.poke_secret
        return PokeDoor(secret=secret, poke=poke) if secret and poke else None

    def _heartbeat(self) -> Heartbeat | None:
        url = self._options.heartbeat_url
        if url is None:
            return None
        return Heartbeat(url, self._successes, every_s=self._poll_s)

    def _tasks(self) -> Iterator[Coroutine[None, None, None]]:
        if heartbeat := self._heartbeat():
            yield keep_doing(heartbeat.run, name="heartbeat", every_s=self._poll_s)
        if self.systemd.listens:
            yield keep_doing(self._signs_of_life, name="signs of life", every_s=0.0)

    async def _signs_of_life(self) -> None:
        """Tell systemd that this loop turns and the database's thread answers, and how."""
        allowed_s = self.systemd.watchdog_s
        every_s = min(STATUS_S, allowed_s * WATCHDOG_SHARE) if allowed_s else STATUS_S
        while True:
            line = "the database was read, and not understood"
            try:
                now_ms = self._health.clocks.now_ms()
                line = status_line(await self._health.read(), now_ms=now_ms)
            except (StoreError, BusyError) as error:
                line = str(error)
            finally:
                # It answers, whatever: starting again would not mend a full disk.
                self.systemd.alive(line)
            await asyncio.sleep(every_s)

    async def _successes(self) -> Successes:
        if not self._health.part.tells():
            return {}  # another member does
        return await self._health.store.read(last_successes, tuple(self._health.bots()))


def _tell_crash(task: asyncio.Task[None]) -> None:
    """Log a crash at once: monitoring must not stop the work."""
    if not task.cancelled() and (error := task.exception()):
        log.error("monitoring_crashed", exc_info=error)
