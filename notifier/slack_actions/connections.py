"""Two connections, kept: another one is open before one that Slack will close is given up.

Slack deals envelopes to an app's connections in turn and repeats no click, so that each
moment with none, and each that nobody reads any more, would lose some.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from notifier.slack_actions.connection import Connection, Ending, OnEnvelope
from notifier.slack_actions.faults import TURN_ON, SocketFault

KEPT = 2
# A connection that is given up is read until Slack closes it: what we closed first might
# have a click on its way.
GRACE_S = 15.0
SHORTEST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_S = 15.0  # a connection that lasted this long was none that fails at once
REFRESHED_S = 1.0
RECOUNT_S = 600.0  # where others were counted: Slack says how many there are in its hello alone

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatus:
    """How the connections stand: ``held`` are ours, ``counted`` those that Slack knows of.

    ``fault`` and ``remedy`` say why fewer are held than should be.
    """

    held: int = 0
    counted: int = 0
    fault: str = ""
    remedy: str = ""


class Connections:
    """Keeps the connections.

    ``address`` asks Slack for a new one's, ``on_envelope`` gets what comes by them, and
    ``changed`` hears how they stand. ``jitter`` lies in [0, 1).
    """

    def __init__(
        self,
        *,
        address: Callable[[], Awaitable[str]],
        on_envelope: OnEnvelope,
        changed: Callable[[ConnectionStatus], None],
        jitter: Callable[[], float],
    ) -> None:
        self._address = address
        self._on_envelope = on_envelope
        self._changed = changed
        self._jitter = jitter
        self._serving: set[Connection] = set()
        self._faults: dict[int, SocketFault] = {}
        self._excess = 0
        self._paused_s = 0.0  # until when Slack wants to be asked for no connection
        self._opening = asyncio.Lock()  # one at a time: else nobody knows whom Slack counted
        self._retiring: set[asyncio.Task[None]] = set()

    @property
    def status(self) -> ConnectionStatus:
        """Return how the connections stand now."""
        held = len(self._serving)
        fault = next(iter(self._faults.values()), None)
        return ConnectionStatus(
            held=held,
            counted=held + self._excess,
            fault=str(fault) if fault else "",
            remedy=fault.remedy if fault else "",
        )

    async def run(self) -> None:
        """Keep the connections until cancelled."""
        try:
            async with asyncio.TaskGroup() as slots:
                for slot in range(KEPT):
                    slots.create_task(self._keep(slot))
                slots.create_task(self._recount())
        finally:
            for task in tuple(self._retiring):
                task.cancel()
            await asyncio.gather(*map(self._close, tuple(self._serving)))

    async def _keep(self, slot: int) -> None:
        """Keep one connection after the other."""
        outgoing: Connection | None = None
        failures = 0
        while True:
            try:
                connection = await self._opened(slot)
            except SocketFault as fault:
                failures += 1
                outgoing = await self._kept_if_open(outgoing)
                await self._fail(slot, fault, failures)
                continue
            self._retire(outgoing)
            begun_s = _now_s()
            ending = await connection.until_over()
            log.info("slack_connection_over", why=ending.value)
            outgoing = connection if ending.leaves_time else None
            if not ending.leaves_time:
                await self._close(connection)
            lasted_s = _now_s() - begun_s
            # Slack's own wish is no failure, unless it has it each time at once.
            steady_s = REFRESHED_S if ending.leaves_time else STEADY_S
            failures = 0 if lasted_s > steady_s else failures + 1
            if ending is Ending.DISABLED:
                off = SocketFault("Socket Mode was turned off", remedy=TURN_ON)
                await self._fail(slot, off, failures)
            elif failures > 1:  # it was so before, too: this is no way to go on
                await asyncio.sleep(self._pause_s(failures - 1, None))

    async def _kept_if_open(self, connection: Connection | None) -> Connection | None:
        if connection is not None and connection.is_over:
            await self._close(connection)
            return None
        return connection

    async def _recount(self) -> None:
        """Where Slack counts others' connections, ask again from time to time."""
        while True:
            await asyncio.sleep(RECOUNT_S)
            if self._excess and self._serving:
                next(iter(self._serving)).note_ending(Ending.REFRESH)

    async def _opened(self, slot: int) -> Connection:
        """Open a connection; raises :class:`SocketFault`."""
        async with self._opening:
            await asyncio.sleep(max(self._paused_s - _now_s(), 0.0))
            connection = Connection(self._on_envelope)
            try:
                await connection.open(await self._address())
            except BaseException:
                await connection.aclose()
                raise
            self._serving.add(connection)
            self._count(connection)
        if self._faults.pop(slot, None):
            log.info("slack_connected_again")
        self._changed(self.status)
        return connection

    def _count(self, connection: Connection) -> None:
        """Compare what Slack counts with what is open here."""
        if connection.counted is not None:
            self._excess = max(connection.counted - len(self._serving), 0)

    async def _fail(self, slot: int, fault: SocketFault, failures: int) -> None:
        """Tell of a fault, and wait until it is time to try again."""
        if str(self._faults.get(slot)) != str(fault):
            log.warning("slack_not_connected", error=str(fault), remedy=fault.remedy)
        self._faults[slot] = fault
        self._changed(self.status)
        if fault.retry_after_s:
            self._paused_s = _now_s() + fault.retry_after_s
        await asyncio.sleep(self._pause_s(failures, fault))

    def _pause_s(self, failures: int, fault: SocketFault | None) -> float:
        if fault and fault.remedy:
            pause_s = LONGEST_PAUSE_S  # a person has to do something first
        else:
            pause_s = min(SHORTEST_PAUSE_S * 2 ** min(failures - 1, 6), LONGEST_PAUSE_S)
        wished_s = (fault.retry_after_s if fault else None) or 0.0
        return max(pause_s * (1 + 0.2 * self._jitter()), wished_s)

    def _retire(self, connection: Connection | None) -> None:
        if connection is None:
            return
        task = asyncio.create_task(self._close_later(connection))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _close_later(self, connection: Connection) -> None:
        await connection.until_closed(within_s=GRACE_S)
        await self._close(connection)

    async def _close(self, connection: Connection) -> None:
        if connection not in self._serving:
            return
        self._serving.discard(connection)
        self._changed(self.status)
        await connection.aclose()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
