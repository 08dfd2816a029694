"""A lane: everything that one destination has to send, in order, isolated from others."""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from contextlib import suppress
from typing import Any

import structlog

from notifier.core.destination_state import FAILURES_UNTIL_FAILING, Health
from notifier.crashes import Crashes, Outage
from notifier.destinations.base import Destination, Receipt
from notifier.dispatcher.cards import CardQueue, KeepsCards, Outdated
from notifier.dispatcher.context import LaneContext
from notifier.dispatcher.journal import log_turn
from notifier.dispatcher.messages import message_of
from notifier.dispatcher.pace import Pace
from notifier.dispatcher.sending import attempt
from notifier.errors import BusyError, LeaseLostError, StoreError
from notifier.rules.limits import Limits
from notifier.store.claims import Claimed
from notifier.store.savepoints import words
from notifier.transactions.attempts import Attempt
from notifier.transactions.turn import LaneFacts, Turn, record_alone, take_turn

LONGEST_WAIT_S = 60.0
DRAIN_PAUSE_S = 2.0

log = structlog.get_logger()


class Lane:
    """Claims, sends and records for one destination; holds no decision of its own."""

    def __init__(
        self, destination: Destination, limits: Limits, context: LaneContext, pace: Pace
    ) -> None:
        self._destination = destination
        self._limits = limits
        self._context = context
        self._pace = pace
        self._cards: CardQueue | None = None
        if isinstance(destination, KeepsCards):
            self._cards = CardQueue(
                destination, store=context.store, current_lead=context.current_lead
            )
        self._wake = asyncio.Event()
        self._ended: list[Attempt] = []
        self._in_flight: set[asyncio.Task[None]] = set()
        self._owes_probe = False
        self._stopping = False
        self._abandoned = False
        self._crashes, self._faults = Crashes(), Crashes()
        self._outage = Outage()

    def wake(self) -> None:
        """There may be work: take a turn now."""
        self._wake.set()

    def refresh(self, keys: Collection[str]) -> None:
        """These leads have changed: their cards are updated when nothing is to be sent."""
        if keys and self._cards is not None:
            self._cards.add(keys)
            self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; :meth:`run` returns once what is in flight is recorded."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Take turns until stopped, each as soon as there is something to do."""
        if self._cards is not None:
            await self._cards.recover(now_ms=self._context.now_ms())
        while True:
            # Cleared before looking: a wake-up during the look must not be lost.
            self._wake.clear()
            wait_s = await self._turn()
            is_over = not self._in_flight if self._abandoned else not self._is_busy()
            if self._stopping and is_over:
                return
            if wait_s is None:
                wait_s = self._crashes.pause_s or self._outage.pause_s(soon=self._stopping)
            await self._sleep(wait_s)

    async def drain(self) -> None:
        """Send everything that is due now, once; then return.

        It waits for the channel's tempo, but not for a pause that the channel
        asked for, nor for a database that cannot be written.
        """
        while True:
            self._wake.clear()
            wait_s = await self._turn()
            if wait_s is None:
                return
            if not self._is_busy():
                wait_s = self._pace.wait_s()
                if not 0 < wait_s <= DRAIN_PAUSE_S:
                    return
            await self._sleep(wait_s)

    def abandon(self) -> None:
        """Cancel what is in flight: it is sent again by whoever delivers next."""
        self._abandoned = True
        self._wake.set()
        for task in self._in_flight:
            task.cancel()

    def _is_busy(self) -> bool:
        return bool(self._in_flight or self._ended)

    async def _sleep(self, wait_s: float) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _turn(self) -> float | None:
        """Take a turn; return how long to wait, or None where it failed."""
        try:
            wait_s = await self._record_claim_start()
        except Exception as error:  # noqa: BLE001
            # Broad: whatever it is, it is this lane's trouble alone. The others go on.
            self._crashes.add()
            name = self._destination.name
            log.error("lane_crashed", destination=name, **self._crashes.details(error))
            await self._record_alone(words(error))
            return None
        self._crashes.end()
        return wait_s

    async def _record_alone(self, reason: str) -> None:
        """Record what ended in spite of all: what was sent is not to be sent again."""
        ended, fails = tuple(self._ended), self._crashes.count >= FAILURES_UNTIL_FAILING
        facts, now_ms = self._facts(free=False), self._context.now_ms()
        run = self._context.store.run
        with suppress(Exception):  # told already: the next turn tries again
            await run(record_alone, facts, ended, reason, fails=fails, now_ms=now_ms)
            del self._ended[: len(ended)]

    async def _record_claim_start(self) -> float | None:
        async with self._pace.turn:
            ended, closed = tuple(self._ended), self._is_closed()
            facts = self._facts(free=not closed)
            try:
                # Shielded: the thread finishes the transaction even where we are cancelled.
                turn = await asyncio.shield(self._take_turn(facts, ended))
            except LeaseLostError:
                return None
            except (StoreError, BusyError) as error:
                # What ended is kept, and recorded when the database works again.
                if self._outage.met(error):
                    name = self._destination.name
                    log.warning("outbox_unavailable", destination=name, error=str(error))
                return None
            self._outage.end()
            del self._ended[: len(ended)]
            self._owes_probe = turn.owes_probe
            for bundle in turn.claimed:
                self._start(self._send(bundle, turn))
            if turn.state.health is Health.UP:
                await self._begin_refresh()
        self._context.wake(turn.written.destinations)
        log_turn(self._destination.name, turn, self._faults)
        self._context.observe(self._destination.name, turn)
        return self._wait_s(turn, closed=closed)

    async def _take_turn(self, facts: LaneFacts, ended: Sequence[Attempt]) -> Turn:
        rules, now_ms = self._context.rules(), self._context.now_ms()
        return await self._context.store.run(take_turn, facts, ended, rules, now_ms=now_ms)

    def _facts(self, *, free: bool) -> LaneFacts:
        return LaneFacts(
            destination=self._destination.name,
            policy=self._limits.policy,
            burst=self._limits.burst,
            uses_lead_memory=self._limits.uses_lead_memory,
            current_lead=self._context.current_lead,
            free=self._destination.slots - len(self._in_flight) if free else 0,
            in_flight=len(self._in_flight),
            owes_probe=self._owes_probe,
        )

    def _is_closed(self) -> bool:
        return self._stopping or self._pace.wait_s() > 0

    def _wait_s(self, turn: Turn, *, closed: bool) -> float:
        pause_s = self._pace.wait_s()
        # Also where the pause ended during the turn: it claimed nothing of what is due.
        if pause_s > 0 or (closed and not self._stopping):
            return min(pause_s, LONGEST_WAIT_S)
        if turn.next_ms is None:
            return LONGEST_WAIT_S
        return min(max(turn.next_ms - self._context.now_ms(), 0) / 1000, LONGEST_WAIT_S)

    def _start(self, sending: Coroutine[Any, Any, None]) -> None:
        self._pace.sent()
        task = asyncio.create_task(sending)
        self._in_flight.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        """Let a turn record it, and fill the slot."""
        self._in_flight.discard(task)
        self._wake.set()

    async def _send(self, bundle: tuple[Claimed, ...], turn: Turn) -> None:
        time_s = asyncio.get_running_loop().time
        begun_s = time_s()
        receipt, failure = await attempt(
            self._deliver(bundle, turn), destination=self._destination.name, pace=self._pace
        )
        self._ended.append(
            Attempt(
                claimed=bundle,
                probe=turn.probe,
                jitter=self._context.jitter(),
                receipt=receipt,
                failure=failure,
                took_ms=round((time_s() - begun_s) * 1000),
            )
        )

    async def _deliver(self, bundle: tuple[Claimed, ...], turn: Turn) -> Receipt:
        self._context.store.check()
        return await self._destination.send(
            message_of(bundle, turn, self._context.rules().agents)
        )

    async def _begin_refresh(self) -> None:
        """Update one card, where there is nothing else to do."""
        if self._cards is None or self._in_flight or self._is_closed():
            return
        card = await self._cards.next()
        if card is not None:
            self._start(self._refresh(self._cards, card))

    async def _refresh(self, cards: CardQueue, card: Outdated) -> None:
        name, now_ms = self._destination.name, self._context.now_ms()
        updating = cards.refresh(card, now_ms=now_ms)
        _, failure = await attempt(updating, destination=name, pace=self._pace)
        if failure is not None:
            log.info("card_not_updated", destination=name, error=str(failure))
