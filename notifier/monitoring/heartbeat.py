"""A dead man's switch: one GET after each poll round in which every source succeeded."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from pydantic import SecretStr

from notifier.errors import BusyError, StoreError
from notifier.network.exchange import ask
from notifier.network.faults import ConnectionFault
from notifier.network.targets import target_of
from notifier.network.transport import Transport

TIMEOUT_S = 10.0
# Shares of the time between polls: no two beats are closer, and no beat is later.
ROUND = 0.8
LOOK = 0.1

log = structlog.get_logger()

Successes = Mapping[str, int | None]
"""When each source was last polled to the end, in milliseconds; ``None`` is never."""


def is_round(before: Successes, now: Successes) -> bool:
    """Return whether every source, also a new one, has succeeded since ``before``.

    A later success may have an earlier time: a clock is set back now and then.
    """
    return bool(now) and all(
        at_ms is not None and at_ms != before.get(source) for source, at_ms in now.items()
    )


class Heartbeat:
    """Asks the database whether a round is complete; polling never waits for it.

    The database, because a success that could not be stored does not count. ``every_s`` is the
    time between polls. The URL is a secret: errors name its host alone.
    """

    def __init__(
        self,
        url: SecretStr,
        successes: Callable[[], Awaitable[Successes]],
        *,
        every_s: float,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._target = target_of(url.get_secret_value())
        self._successes = successes
        self._every_s = every_s
        self._timeout_s = timeout_s

    async def run(self) -> None:
        """Send one beat a round until cancelled."""
        async with Transport() as transport:
            before = await self._look({})
            while True:
                now = await self._look(before)
                if is_round(before, now):
                    before = now
                    await self._beat(transport)
                    # A full walk succeeds page by page; those are no rounds.
                    await asyncio.sleep(self._every_s * ROUND)
                else:
                    await asyncio.sleep(self._every_s * LOOK)

    async def _look(self, otherwise: Successes) -> Successes:
        try:
            return await self._successes()
        except (StoreError, BusyError):
            return otherwise  # the pollers tell of it

    async def beat(self) -> None:
        """Send one beat, whatever the database says."""
        async with Transport() as transport:
            await self._beat(transport)

    async def _beat(self, transport: Transport) -> None:
        try:
            request = self._target.request("GET")
            answer = await ask(transport, request, timeout_s=self._timeout_s)
        except ConnectionFault as fault:
            log.warning("heartbeat_failed", error=fault.told(self._target.host))
            return
        if not answer.taken:
            log.warning(
                "heartbeat_failed", error=f"{self._target.host} answered {answer.status}"
            )
