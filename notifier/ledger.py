"""Writing what :func:`notifier.plan.plan` decided: events with their deliveries."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlite_utils import Database

from notifier.conclude import State
from notifier.plan import Told, lane_key
from notifier.store import events, outbox
from notifier.store.outbox import NewDelivery


@dataclass(slots=True)
class Written:
    """What one transaction wrote: counts by event type, who has work, what to log."""

    events: list[tuple[str, str, str]] = field(default_factory=list)  # id, type, subject
    deliveries: int = 0
    destinations: set[str] = field(default_factory=set)
    template_faults: list[tuple[str, str]] = field(default_factory=list)  # rule, fault


def write(
    db: Database, told: Iterable[Told], *, bot_id: str | None, at_ms: int, written: Written
) -> None:
    """Store events and deliveries, adding to ``written`` what was stored."""
    for one in told:
        seq = events.add(db, one.event, bot_id=bot_id, observed_ms=at_ms)
        if seq is None:
            continue
        written.events.append((one.event.id, one.event.type, one.event.subject))
        outbox.add(db, _deliveries(one, seq, at_ms))
        for planned in one.deliveries:
            written.deliveries += 1
            if planned.state is State.PENDING:
                written.destinations.add(planned.destination)
            if planned.template_fault:
                written.template_faults.append((planned.rule, planned.template_fault))


def _deliveries(one: Told, seq: int, at_ms: int) -> list[NewDelivery]:
    lead = lane_key(one.event)
    return [
        NewDelivery(
            event_seq=seq,
            rule=planned.rule,
            destination=planned.destination,
            lead=lead,
            bundle=planned.bundle,
            title=planned.text.title if planned.text else None,
            body=planned.text.body if planned.text else None,
            mention=planned.mention,
            state=planned.state,
            reason=planned.reason,
            held=planned.held,
            due_ms=int(planned.due.timestamp() * 1000),
            created_ms=at_ms,
        )
        for planned in one.deliveries
    ]
