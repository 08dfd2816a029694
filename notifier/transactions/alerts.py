"""Writes the events about destinations: down, up again, and how many deliveries died."""

from datetime import datetime

from notifier.core.destination_state import (
    TELL_DOWN_AFTER_MS,
    DestinationState,
    Health,
    is_down,
)
from notifier.core.event_types import EventType
from notifier.core.events import Event, operation
from notifier.core.outcome import HOUR_MS
from notifier.core.rows import moment_of, ms_of
from notifier.plan import plan_deliveries
from notifier.rules.model import Ruleset
from notifier.store import destinations, mutes
from notifier.store.destinations import Told
from notifier.store.session import Session
from notifier.transactions import write_events
from notifier.transactions.write_events import Written


def write_due_alerts(
    session: Session,
    name: str,
    state: DestinationState,
    told: Told,
    rules: Ruleset,
    *,
    now_ms: int,
    written: Written,
) -> int | None:
    """Write the events that are due about a destination, adding to ``written``.

    Returns when there may be something to write that is not due yet.
    """
    at = moment_of(now_ms)
    was_told = told.down
    count, dead_ms = destinations.take_dead(
        session, name, told, now_ms=now_ms, every_ms=HOUR_MS
    )
    for event in (
        _up_or_down_event(session, name, state, was_told=was_told, at=at),
        _dead(name, count, rules, at),
    ):
        if event is not None:
            _write(session, event, rules, at=at, written=written)
    later = (dead_ms, _down_ms(state, was_told=was_told))
    return min((moment for moment in later if moment is not None), default=None)


def write_alerts_of_removed(session: Session, rules: Ruleset, *, now_ms: int) -> None:
    """Write what became of deliveries to destinations that no lane looks after any more.

    The next engine writes what it is too early for now.
    """
    at = moment_of(now_ms)
    for name in destinations.untold_removed(session):
        told = destinations.told(session, name)
        count, _ = destinations.take_dead(session, name, told, now_ms=now_ms, every_ms=HOUR_MS)
        if event := _dead(name, count, rules, at):
            _write(session, event, rules, at=at, written=Written())


def _up_or_down_event(
    session: Session, name: str, state: DestinationState, *, was_told: bool, at: datetime
) -> Event | None:
    """Return the event that a destination is down, or up again, noting that it is told."""
    if not was_told and is_down(state, ms_of(at)):
        destinations.set_told_down(session, name, told=True)
        down, remedy = EventType.DESTINATION_DOWN, state.remedy
        return operation(down, name, at=at, reason=state.reason, remedy=remedy)
    if was_told and state.health is Health.UP:
        destinations.set_told_down(session, name, told=False)
        up = EventType.DESTINATION_UP
        return operation(up, name, at=at, reason="the destination works again")
    return None


def _dead(name: str, count: int, rules: Ruleset, at: datetime) -> Event | None:
    """Return the event that so many deliveries have died, ``None`` for none."""
    if not count:
        return None
    deliveries = "delivery" if count == 1 else "deliveries"
    known = name in rules.destinations
    first = "," if known else f"; put {name} back into the rules, then"
    return operation(
        EventType.DELIVERY_DEAD,
        name,
        at=at,
        reason=f"{count} dead {deliveries} to {name}",
        remedy=f"`notifier deliveries --state dead` tells why{first}"
        f" `notifier retry --dead --destination {name}` sends them again",
        count=count,
    )


def _write(
    session: Session, event: Event, rules: Ruleset, *, at: datetime, written: Written
) -> None:
    at_ms = ms_of(at)
    decided = plan_deliveries([event], rules, at=at, mutes=mutes.active(session, now_ms=at_ms))
    write_events.write(session, decided, rules, bot_id=None, at_ms=at_ms, written=written)


def _down_ms(state: DestinationState, *, was_told: bool) -> int | None:
    """Return when the present trouble will be worth an alert, if it is not yet."""
    if was_told or state.health is not Health.FAILING or state.since_ms is None:
        return None
    return state.since_ms + TELL_DOWN_AFTER_MS
