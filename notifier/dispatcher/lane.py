"""A lane: everything that one destination has to send, in order, isolated from others."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from notifier.conclude import Policy, State
from notifier.destinations.base import Destination, Message, Part, Receipt
from notifier.dispatcher.ripen import Present
from notifier.dispatcher.turn import Attempt, LaneFacts, Turn, take_turn
from notifier.errors import BusyError, DeliveryError, StoreError, TemporaryDeliveryError
from notifier.events import decode
from notifier.messages.text import Text
from notifier.records import Agent
from notifier.rules.destinations import Burst
from notifier.rules.model import Ruleset
from notifier.store.db import Store
from notifier.store.outbox import Claimed

STORE_PAUSE_S = 1.0
LONGEST_WAIT_S = 60.0
LONGEST_PAUSE_S = 3600.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a destination's messages are tried, and how many may go out at once."""

    policy: Policy
    burst: Burst | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneTools:
    """What all lanes share. ``now_ms`` is wall-clock time, ``jitter`` lies in [0, 1).

    ``observe`` hears of each turn, with the destination's name.
    """

    store: Store
    rules: Callable[[], Ruleset]
    present: Present
    now_ms: Callable[[], int]
    jitter: Callable[[], float]
    wake: Callable[[set[str]], None]
    observe: Callable[[str, Turn], None] = lambda _destination, _turn: None


class Lane:
    """Claims, sends and records for one destination; holds no decision of its own."""

    def __init__(self, destination: Destination, limits: Limits, tools: LaneTools) -> None:
        self._destination = destination
        self._policy = limits.policy
        self._burst = limits.burst
        self._tools = tools
        self._wake = asyncio.Event()
        self._ended: list[Attempt] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._ready_s = 0.0  # of the loop's clock: nothing is claimed before

    def wake(self) -> None:
        """There may be work: take a turn now."""
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; :meth:`run` returns once what is in flight is recorded."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Take turns until stopped, each as soon as there is something to do."""
        while True:
            # Cleared before looking: a wake-up during the look must not be lost.
            self._wake.clear()
            wait_s = await self._turn()
            if self._stopping and not self._in_flight and not self._ended:
                return
            await self._sleep(wait_s)

    async def drain(self) -> None:
        """Send everything that is due now, once; then return."""
        while True:
            self._wake.clear()
            await self._turn()
            if not self._in_flight and not self._ended:
                return
            await self._sleep(LONGEST_WAIT_S)

    def abandon(self) -> None:
        """Cancel what is in flight: it stays claimed, and is sent again by its lease."""
        for task in self._in_flight:
            task.cancel()

    async def _sleep(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _turn(self) -> float:
        ended, self._ended = self._ended, []
        pause_s = max(self._ready_s - asyncio.get_running_loop().time(), 0.0)
        closed = self._stopping or pause_s > 0
        facts = LaneFacts(
            destination=self._destination.name,
            policy=self._policy,
            burst=self._burst,
            present=self._tools.present,
            free=0 if closed else self._destination.slots - len(self._in_flight),
            in_flight=len(self._in_flight),
        )
        now_ms = self._tools.now_ms()
        try:
            # Shielded: the thread finishes the transaction even where we are cancelled.
            turn = await asyncio.shield(
                self._tools.store.run(
                    take_turn, facts, ended, self._tools.rules(), now_ms=now_ms
                )
            )
        except (StoreError, BusyError) as error:
            # What ended is kept and recorded when the database works again.
            self._ended = [*ended, *self._ended]
            log.warning("outbox_unavailable", destination=facts.destination, error=str(error))
            return STORE_PAUSE_S
        self._log(turn)
        self._tools.observe(facts.destination, turn)
        self._tools.wake(turn.written.destinations)
        for bundle in turn.claimed:
            self._start(bundle, turn)
        if pause_s > 0:
            return min(pause_s, LONGEST_WAIT_S)
        if turn.next_ms is None:
            return LONGEST_WAIT_S
        return min(max(turn.next_ms - now_ms, 0) / 1000, LONGEST_WAIT_S)

    def _start(self, bundle: tuple[Claimed, ...], turn: Turn) -> None:
        message = message_of(bundle, turn, self._agents())
        task = asyncio.create_task(self._send(message, bundle, probe=turn.probe))
        self._in_flight.add(task)
        task.add_done_callback(self._landed)

    def _agents(self) -> dict[str, Agent]:
        return dict(self._tools.rules().agents)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._wake.set()

    async def _send(
        self, message: Message, bundle: tuple[Claimed, ...], *, probe: bool
    ) -> None:
        receipt: Receipt | None = None
        failure: DeliveryError | None = None
        try:
            receipt = await self._destination.send(message)
        except DeliveryError as error:
            failure = error
        except Exception as error:
            # The one broad except: a bug in one destination must not stop the others.
            log.exception("send_crashed", destination=self._destination.name)
            failure = TemporaryDeliveryError(f"a fault of the program: {type(error).__name__}")
        self._pace(failure)
        self._ended.append(
            Attempt(
                claimed=bundle,
                probe=probe,
                jitter=self._tools.jitter(),
                receipt=receipt,
                failure=failure,
            )
        )

    def _pace(self, failure: DeliveryError | None) -> None:
        """Keep the destination's own tempo, and the pause it asks of its whole channel."""
        if not self._destination.min_interval_s:
            return
        pause_s = self._destination.min_interval_s
        if isinstance(failure, TemporaryDeliveryError) and failure.retry_after_s:
            pause_s = max(pause_s, min(failure.retry_after_s, LONGEST_PAUSE_S))
        self._ready_s = asyncio.get_running_loop().time() + pause_s

    def _log(self, turn: Turn) -> None:
        name = self._destination.name
        for claimed, outcome in turn.ended:
            told = {"error": outcome.error} if outcome.error else {}
            event = "delivery_retried" if outcome.state is State.PENDING else "delivery_ended"
            log.info(
                event,
                delivery=claimed.id,
                destination=name,
                state=outcome.state.value,
                attempts=outcome.attempts,
                **told,
            )


def message_of(bundle: tuple[Claimed, ...], turn: Turn, agents: Mapping[str, Agent]) -> Message:
    """Return what a destination is given to send for a bundle that ``turn`` claimed."""
    lead, digest = bundle[0].lead, _headline(bundle)
    return Message(
        id=bundle[0].bundle,
        parts=tuple(_part(claimed) for claimed in bundle),
        digest=digest,
        # A collection is about no lead: each part goes to whoever has its own.
        lead=None if digest else turn.leads[lead],
        mention=next((one.mention for one in bundle if one.mention), None),
        broadcast=next((b for one in bundle if (b := one.broadcast) is not None), None),
        memory=turn.memories[lead],
        accepted=frozenset().union(*(one.accepted for one in bundle)),
        agents=agents,
    )


def _headline(bundle: tuple[Claimed, ...]) -> str | None:
    """Return the title of a collection, ``None`` where the bundle is about one lead."""
    match bundle[0].held:
        case "digest":
            return bundle[0].rule
        case "burst":
            return "More in the last minutes"
        case _:
            return None


def _part(claimed: Claimed) -> Part:
    return Part(
        event=decode(claimed.event_body),
        body=claimed.event_body,
        text=Text(title=claimed.title or "", body=claimed.body or ""),
        rule=claimed.rule,
    )
