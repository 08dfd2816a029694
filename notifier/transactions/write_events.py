"""Stores events and their deliveries, as :mod:`notifier.plan` decided.

A new event also changes what already waits: it joins an open digest, or makes a
settling lead wait longer.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from notifier.core.event_types import UPDATES
from notifier.core.events import Event
from notifier.core.outcome import State
from notifier.core.responses import step
from notifier.core.rows import moment_of, ms_of
from notifier.plan import Planned, PlannedEvent, lane_key
from notifier.rules.matching import Timing
from notifier.rules.model import Ruleset
from notifier.store import events, outbox, responses, waiting
from notifier.store.outbox import NewDelivery
from notifier.store.session import Session

Digests: TypeAlias = dict[tuple[str, str], tuple[str, int]]
"""The digest that gathers for a rule and destination: its bundle and due time (ms)."""

LONGEST_SETTLE = 4  # times the rule's own duration, from the first event on


@dataclass(slots=True)
class Written:
    """What one transaction wrote: who has work now, and what to log."""

    events: list[Event] = field(default_factory=list)
    deliveries: int = 0
    destinations: set[str] = field(default_factory=set)
    at_once: set[str] = field(default_factory=set)  # those whose work is due already
    template_faults: list[tuple[str, str]] = field(default_factory=list)  # rule, fault
    faults: list[Exception] = field(default_factory=list)  # of what was left for later

    def add(self, other: "Written") -> None:
        """Take in what another part of the same transaction wrote."""
        self.events += other.events
        self.deliveries += other.deliveries
        self.destinations |= other.destinations
        self.at_once |= other.at_once
        self.template_faults += other.template_faults
        self.faults += other.faults


def write(
    session: Session,
    told: Iterable[PlannedEvent],
    rules: Ruleset,
    *,
    bot_id: str | None,
    at_ms: int,
    written: Written,
) -> None:
    """Store events and deliveries, adding to ``written`` what was stored."""
    found = list(told)
    seqs = events.add(session, [one.event for one in found], bot_id=bot_id, observed_ms=at_ms)
    stored = [(one, seq) for one, seq in zip(found, seqs, strict=True) if seq is not None]
    responses.observe(session, filter(None, (step(one.event) for one, _ in stored)))
    pending = _PendingDeliveries(session, rules, at_ms)
    pending.extend_settling({lane_key(one.event) for one, _ in stored if one.event.lead})
    deliveries = [
        new_delivery(one, planned, seq, at_ms)
        for one, seq in stored
        for planned in pending.merge(one)
    ]
    outbox.add(session, deliveries)
    written.events += [one.event for one, _ in stored]
    written.deliveries += len(deliveries)
    unsent = [one for one in deliveries if one.state is State.PENDING]
    written.destinations |= {one.destination for one in unsent}
    written.at_once |= {
        one.destination for one in unsent if one.due_ms <= at_ms and one.held != Timing.DIGEST
    }
    written.template_faults += [
        (planned.rule, planned.template_fault)
        for one, _ in stored
        for planned in one.deliveries
        if planned.template_fault
    ]


def new_delivery(one: PlannedEvent, planned: Planned, seq: int, at_ms: int) -> NewDelivery:
    """Return the row of a planned delivery of the event stored under ``seq``."""
    return NewDelivery(
        event_seq=seq,
        type=one.event.type.value,
        rule=planned.rule,
        destination=planned.destination,
        lane_key=lane_key(one.event),
        bundle=planned.bundle,
        title=planned.text.title if planned.text else None,
        body=planned.text.body if planned.text else None,
        mention=planned.mention,
        broadcast=planned.broadcast,
        exempt=planned.exempt,
        state=planned.state,
        reason=planned.reason,
        held=planned.held,
        due_ms=ms_of(planned.due),
        created_ms=at_ms,
    )


def join_digest(
    session: Session, planned: Planned, rules: Ruleset, *, begun: Digests | None = None
) -> Planned:
    """Let a delivery join the digest that its rule has open for the destination.

    A webhook gets its events singly even then, all at the digest's due time. ``begun``
    are digests whose deliveries are still to be stored; a new one is added to them.
    """
    if planned.held != Timing.DIGEST or planned.state is not State.PENDING:
        return planned
    begun = {} if begun is None else begun
    key = planned.rule, planned.destination
    own = planned.bundle, ms_of(planned.due)
    bundle, due_ms = begun.get(key) or waiting.open_digest(session, *key) or own
    begun[key] = bundle, due_ms
    singly = rules.destinations[planned.destination].traits.takes_events
    return replace(planned, bundle=planned.bundle if singly else bundle, due=moment_of(due_ms))


class _PendingDeliveries:
    """Merges new deliveries with pending ones: those stored, and those of this writing."""

    def __init__(self, session: Session, rules: Ruleset, at_ms: int) -> None:
        self._session = session
        self._rules = rules
        self._at_ms = at_ms
        self._settling: set[tuple[str, str]] = set()  # lane key, destination
        self._digests: Digests = {}

    def extend_settling(self, keys: Collection[str]) -> None:
        """Let what settles of these leads wait longer, since something happens to them."""
        for one in waiting.settling(self._session, keys):
            self._settling.add((one.lane_key, one.destination))
            rule = self._rules.rule(one.rule)
            if rule is not None and rule.settle is not None:
                settle_ms = int(rule.settle.total_seconds() * 1000)
                latest_ms = one.created_ms + LONGEST_SETTLE * settle_ms
                due_ms = min(self._at_ms + settle_ms, latest_ms)
                waiting.postpone(self._session, one.id, due_ms=due_ms)

    def merge(self, told: PlannedEvent) -> list[Planned]:
        """Return the event's deliveries as they are to be stored."""
        lead = lane_key(told.event)
        joined = [
            join_digest(self._session, one, self._rules, begun=self._digests)
            for one in told.deliveries
        ]
        found = [self._skip_if_settling(one, told.event, lead) for one in joined]
        self._settling |= {
            (lead, one.destination)
            for one in found
            if one.held == Timing.SETTLE and one.state is State.PENDING
        }
        return found

    def _skip_if_settling(self, planned: Planned, event: Event, lead: str) -> Planned:
        """Skip a change of details that the settling message will tell anyway."""
        is_told = (lead, planned.destination) in self._settling
        if not is_told or event.type not in UPDATES or planned.state is not State.PENDING:
            return planned
        return replace(planned, state=State.SKIPPED, reason="settled")
