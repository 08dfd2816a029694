"""Writing what :mod:`notifier.plan` decided: events, and what each destination gets.

Here a new event also meets what already waits: it joins an open digest, or
makes a settling lead wait longer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlite_utils import Database

from notifier.conclude import State
from notifier.events import UPDATES, Event
from notifier.plan import WEBHOOK, Planned, Told, lane_key
from notifier.rows import moment_of, ms_of
from notifier.rules.matching import Timing
from notifier.rules.model import Ruleset
from notifier.store import events, outbox, waiting
from notifier.store.outbox import NewDelivery

LONGEST_SETTLE = 4  # times the rule's own duration, from the first event on


@dataclass(slots=True)
class Written:
    """What one transaction wrote: who has work now, and what to log."""

    events: list[Event] = field(default_factory=list)
    deliveries: int = 0
    destinations: set[str] = field(default_factory=set)
    template_faults: list[tuple[str, str]] = field(default_factory=list)  # rule, fault


def write(
    db: Database,
    told: Iterable[Told],
    rules: Ruleset,
    *,
    bot_id: str | None,
    at_ms: int,
    written: Written,
) -> None:
    """Store events and deliveries, adding to ``written`` what was stored."""
    for one in told:
        seq = events.add(db, one.event, bot_id=bot_id, observed_ms=at_ms)
        if seq is None:
            continue
        written.events.append(one.event)
        settling = _unsettle(db, one.event, rules, at_ms)
        deliveries = [
            _absorbed(gathered(db, planned, rules), one.event, settling)
            for planned in one.deliveries
        ]
        outbox.add(db, [new_delivery(one, planned, seq, at_ms) for planned in deliveries])
        written.deliveries += len(deliveries)
        written.destinations |= {
            planned.destination for planned in deliveries if planned.state is State.PENDING
        }
        written.template_faults += [
            (planned.rule, planned.template_fault)
            for planned in deliveries
            if planned.template_fault
        ]


def new_delivery(one: Told, planned: Planned, seq: int, at_ms: int) -> NewDelivery:
    """Return the row of a planned delivery of the event stored under ``seq``."""
    return NewDelivery(
        event_seq=seq,
        rule=planned.rule,
        destination=planned.destination,
        lead=lane_key(one.event),
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


def gathered(db: Database, planned: Planned, rules: Ruleset) -> Planned:
    """Let a delivery join the digest that its rule has open for the destination.

    A webhook gets its events singly even then, all at the digest's due time.
    """
    if planned.held != Timing.DIGEST or planned.state is not State.PENDING:
        return planned
    found = waiting.open_digest(db, planned.rule, planned.destination)
    if found is None:
        return planned
    bundle, due_ms = found
    singly = rules.destinations[planned.destination].kind == WEBHOOK
    return replace(
        planned,
        bundle=planned.bundle if singly else bundle,
        due=moment_of(due_ms),
    )


def _unsettle(db: Database, event: Event, rules: Ruleset, at_ms: int) -> set[str]:
    """Let the lead's settling deliveries wait longer; return their destinations."""
    if event.lead is None:
        return set()
    found = waiting.settling(db, lane_key(event))
    for one in found:
        rule = rules.rule(one.rule)
        if rule is not None and rule.settle is not None:
            settle_ms = int(rule.settle.total_seconds() * 1000)
            latest_ms = one.created_ms + LONGEST_SETTLE * settle_ms
            waiting.postpone(db, one.id, due_ms=min(at_ms + settle_ms, latest_ms))
    return {one.destination for one in found}


def _absorbed(planned: Planned, event: Event, settling: set[str]) -> Planned:
    """Skip a change of details that the settling message will tell anyway."""
    if event.type not in UPDATES or planned.destination not in settling:
        return planned
    if planned.state is not State.PENDING:
        return planned
    return replace(planned, state=State.SKIPPED, reason="settled")
