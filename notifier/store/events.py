"""The events table: what happened, in the order it was committed."""

from collections.abc import Collection, Sequence
from itertools import count
from typing import cast

from notifier.core.event_types import OVERDUE, EventType
from notifier.core.events import Event, encode, numbered
from notifier.store.batches import chunks, insert
from notifier.store.session import Session

ONCE_ONLY = OVERDUE | {
    EventType.LEAD_CREATED,
    EventType.CHAT_CREATED,
    EventType.REPORT_READY,
}
"""A second one under the same id is the same event, told already."""


def add(
    session: Session, events: Sequence[Event], *, bot_id: str | None, observed_ms: int
) -> list[int | None]:
    """Store events and return the ``seq`` of each; ``None`` where it was told before.

    Where the id is taken by an earlier change that happened to look the same,
    the event gets the next running number.
    """
    stored = _under_free_ids(session, events)
    seqs = _insert(session, [one for one in stored if one], bot_id, observed_ms)
    # Another machine may have taken an id meanwhile, with the same event.
    return [seqs.get(one.id) if one else None for one in stored]


def _under_free_ids(session: Session, events: Sequence[Event]) -> list[Event | None]:
    """Return each event under an id that is free, ``None`` for one that was told before."""
    taken = _taken(session, [one.id for one in events])
    found: list[Event | None] = []
    for event in events:
        free: Event | None = event
        if event.id in taken:
            free = None if event.type in ONCE_ONLY else _numbered(session, event, taken)
        if free:
            taken.add(free.id)
        found.append(free)
    return found


def _numbered(session: Session, event: Event, taken: Collection[str]) -> Event:
    """Return the event under the first running number that is free."""
    attempts = (numbered(event, number) for number in count(1))
    return next(
        one for one in attempts if one.id not in taken and not _taken(session, [one.id])
    )


def _taken(session: Session, ids: Sequence[str]) -> set[str]:
    """Return those of the ids under which an event is stored."""
    return {
        event_id
        for some in chunks(ids)
        for (event_id,) in session.spread(
            "SELECT id FROM events WHERE id IN (:ids)", {"ids": some}
        )
    }


def _insert(
    session: Session, events: Sequence[Event], bot_id: str | None, observed_ms: int
) -> dict[str, int]:
    """Store events in their order; return the ``seq`` of each by its id."""
    rows = [
        (one.id, one.type, bot_id, one.subject, observed_ms, encode(one).decode())
        for one in events
    ]
    into = "events (id, type, bot_id, subject, observed_ms, body)"
    found = insert(session, into, rows, then="ON CONFLICT (id) DO NOTHING RETURNING id, seq")
    return {str(event_id): cast("int", seq) for event_id, seq in found}
