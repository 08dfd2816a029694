"""How sendings ended, and writing it down as a part of a lane's turn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import structlog

from notifier.cleaning import clean
from notifier.core.destination_state import Health, state_after
from notifier.core.outcome import Outcome, Policy, State, conclude
from notifier.destinations.base import PartlyTakenError, Receipt
from notifier.errors import DeliveryError, UnsureDeliveryError
from notifier.store import attempts as tries
from notifier.store import destinations, outbox
from notifier.store.attempts import Tried
from notifier.store.claims import Claimed
from notifier.store.savepoints import savepoint, words
from notifier.store.session import Session

log = structlog.get_logger()

Ended: TypeAlias = tuple[Claimed, Outcome]
"""A delivery, and what has become of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one sending ended: with a receipt, or with a failure."""

    claimed: tuple[Claimed, ...]
    probe: bool
    jitter: float
    receipt: Receipt | None = None
    failure: DeliveryError | None = None
    took_ms: int | None = None

    @property
    def was_taken(self) -> bool:
        """Whether the destination works: it took the message, if not for everybody."""
        return self.failure is None or isinstance(self.failure, PartlyTakenError)

    def failure_of(self, position: int) -> DeliveryError | None:
        """Return why one of ``claimed`` was not delivered: a digest's may end apart."""
        if isinstance(self.failure, PartlyTakenError):
            return self.failure.parts.get(position, self.failure)
        if self.receipt is not None:
            return self.receipt.left.get(position)
        return self.failure

    def said_of(self, position: int) -> str:
        """Return what to keep beside the outcome: a receipt's note, or the receiver's words."""
        if failure := self.failure_of(position):
            return failure.excerpt
        return self.receipt.notes.get(position, self.receipt.note) if self.receipt else ""


def spared(
    session: Session,
    destination: str,
    attempts: Sequence[Attempt],
    policy: Policy,
    *,
    now_ms: int,
) -> Sequence[Attempt]:
    """Return the attempts, those that are to cost their message nothing marked as probes.

    A message that failed three times no longer holds back its lead. Where the third brings
    the destination down, or comes while it is down, the trouble is not the message's, and
    the lead's later ones must not be sent before it. The last that ``policy`` allows counts.
    """
    counted = range(2, policy.attempts - 1)
    if all(one.was_taken or one.claimed[0].attempts not in counted for one in attempts):
        return attempts
    state, found = destinations.state(session, destination), list[Attempt]()
    for one in attempts:
        failure = None if one.was_taken else one.failure
        state = state_after(failure, state, probe=one.probe, now_ms=now_ms)
        is_down = failure is not None and state.health is not Health.UP
        is_spared = is_down and one.claimed[0].attempts in counted
        found.append(replace(one, probe=True) if is_spared else one)
    return found


def record(
    session: Session, attempts: Sequence[Attempt], policy: Policy, *, now_ms: int
) -> list[Ended]:
    """Write how each delivery ended, and that it was tried.

    Returned are those that were still to be recorded.
    """
    ended = _recorded(session, attempts, policy, now_ms)
    outcomes = {one.id: outcome for one, outcome in ended}
    with savepoint(session) as keeping:
        tries.add(
            session,
            [
                _tried(attempt, position, outcomes[one.id], now_ms)
                for attempt in attempts
                for position, one in enumerate(attempt.claimed)
                if one.id in outcomes
            ],
        )
    if keeping.fault:
        log.error("attempts_unrecorded", exc_info=keeping.fault)
    return ended


def _tried(attempt: Attempt, position: int, outcome: Outcome, now_ms: int) -> Tried:
    failure, receipt = attempt.failure_of(position), attempt.receipt
    said = (receipt.answer if receipt else "", attempt.said_of(position), outcome.reason)
    return Tried(
        delivery_id=attempt.claimed[position].id,
        at_ms=now_ms,
        took_ms=attempt.took_ms,
        is_taken=outcome.state is State.DELIVERED,
        answer=failure.in_full if failure else ": ".join(filter(None, said)),
    )


def _recorded(
    session: Session, attempts: Sequence[Attempt], policy: Policy, now_ms: int
) -> list[Ended]:
    """Write at once what simply went well, the others singly."""
    ended: list[Ended] = []
    well = [one for one in attempts if one.receipt == Receipt()]
    for attempt in attempts:
        if attempt not in well:
            ended += _recorded_apart(session, attempt, policy, now_ms)
    outcomes = [one for attempt in well for one in _outcomes(attempt, policy, now_ms)]
    with savepoint(session) as together:
        recorded = outbox.record_delivered(session, [one for one, _ in outcomes], now_ms=now_ms)
    if together.fault is None:
        return ended + [(one, outcome) for one, outcome in outcomes if one.id in recorded]
    for attempt in well:
        ended += _recorded_apart(session, attempt, policy, now_ms)
    return ended


def _recorded_apart(
    session: Session, attempt: Attempt, policy: Policy, now_ms: int
) -> list[Ended]:
    """Write how an attempt ended; what cannot be written so is not tried again."""
    ended: list[Ended] = []
    with savepoint(session) as one:
        outcomes = _outcomes(attempt, policy, now_ms)
        ended = _recorded_singly(session, attempt, outcomes, now_ms)
    if one.fault is None:
        return ended
    log.error("recording_crashed", exc_info=one.fault)
    dead = Outcome(
        state=State.DEAD,
        attempts=attempt.claimed[0].attempts + 1,
        at_ms=now_ms,
        error=clean(str(attempt.failure or "")),
        reason=f"{words(one.fault)} while recording",
    )
    if attempt.failure is None:
        taken = Outcome(state=State.DELIVERED, attempts=dead.attempts, at_ms=now_ms)
        with savepoint(session) as plainly:
            ended = _ended_as(session, attempt, taken, now_ms)
        if plainly.fault is None:
            return ended
    return _ended_as(session, attempt, dead, now_ms)


def _ended_as(session: Session, attempt: Attempt, outcome: Outcome, now_ms: int) -> list[Ended]:
    """Write one plain outcome for all that was sent together."""
    return [
        (one, outcome)
        for one in attempt.claimed
        if outbox.record(session, one, outcome, accepted=one.accepted, note="", now_ms=now_ms)
    ]


def _outcomes(attempt: Attempt, policy: Policy, now_ms: int) -> list[Ended]:
    return [
        (
            claimed,
            conclude(
                attempt.failure_of(position),
                attempts=claimed.attempts,
                planned_ms=claimed.planned_ms,
                policy=policy,
                probe=attempt.probe and not attempt.was_taken,
                now_ms=now_ms,
                jitter=attempt.jitter,
            ),
        )
        for position, claimed in enumerate(attempt.claimed)
    ]


def _recorded_singly(
    session: Session, attempt: Attempt, outcomes: Sequence[Ended], now_ms: int
) -> list[Ended]:
    """Write outcomes with what was said of them, and what the lead's thread is."""
    newly_accepted = (
        attempt.failure.accepted
        if isinstance(attempt.failure, PartlyTakenError)
        else frozenset()
    )
    if attempt.receipt and attempt.receipt.memory:
        lead = attempt.claimed[0].lane_key
        destinations.remember(session, lead, attempt.receipt.memory, now_ms=now_ms)
    return [
        (claimed, outcome)
        for position, (claimed, outcome) in enumerate(outcomes)
        if outbox.record(
            session,
            claimed,
            outcome,
            accepted=claimed.accepted | newly_accepted,
            note=attempt.said_of(position),
            now_ms=now_ms,
            is_unsure=isinstance(attempt.failure_of(position), UnsureDeliveryError),
        )
    ]
