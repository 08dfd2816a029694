"""How sendings ended, and writing it down as a part of a lane's turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlite_utils import Database

from notifier.conclude import Outcome, Policy, conclude
from notifier.destinations.base import UNRESOLVED, PartlyTakenError, Receipt
from notifier.errors import DeliveryError, SkippedDeliveryError
from notifier.store import destinations, outbox
from notifier.store.claims import Claimed

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

    @property
    def was_taken(self) -> bool:
        """Whether the destination works: it took the message, if not for everybody."""
        return self.failure is None or isinstance(self.failure, PartlyTakenError)

    def failure_of(self, position: int) -> DeliveryError | None:
        """Return why one of ``claimed`` was not delivered: a digest may lack a recipient."""
        if self.receipt is not None and position in self.receipt.unresolved:
            return SkippedDeliveryError(UNRESOLVED)
        return self.failure

    @property
    def said(self) -> str:
        """What to keep beside the outcome: a receipt's note, or the receiver's words."""
        if self.failure is not None:
            return self.failure.excerpt
        return self.receipt.note if self.receipt else ""


def record(
    db: Database, attempts: Sequence[Attempt], policy: Policy, *, now_ms: int
) -> list[Ended]:
    """Write how each delivery ended: at once what simply went well, the others singly.

    Returned are those that were still to be recorded.
    """
    ended: list[Ended] = []
    well: list[Ended] = []
    for attempt in attempts:
        outcomes = _outcomes(attempt, policy, now_ms)
        if attempt.receipt == Receipt():
            well += outcomes
        else:
            ended += _recorded_singly(db, attempt, outcomes, now_ms)
    recorded = outbox.record_delivered(db, [one for one, _ in well], now_ms=now_ms)
    return ended + [(one, outcome) for one, outcome in well if one.id in recorded]


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
    db: Database, attempt: Attempt, outcomes: Sequence[Ended], now_ms: int
) -> list[Ended]:
    """Write outcomes with what was said of them, and what the lead's thread is."""
    newly_accepted = (
        attempt.failure.accepted
        if isinstance(attempt.failure, PartlyTakenError)
        else frozenset()
    )
    if attempt.receipt and attempt.receipt.memory:
        lead = attempt.claimed[0].lead
        destinations.remember(db, lead, attempt.receipt.memory, now_ms=now_ms)
    return [
        (claimed, outcome)
        for claimed, outcome in outcomes
        if outbox.record(
            db,
            claimed,
            outcome,
            accepted=claimed.accepted | newly_accepted,
            note=attempt.said,
            now_ms=now_ms,
        )
    ]
