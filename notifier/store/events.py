"""The events table: what happened, in the order it was committed."""

from collections.abc import Sequence
from itertools import count
from typing import cast

from notifier.core.events import OVERDUE, Event, EventType, encode, numbered
from notifier.store.batches import insert
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
    seqs = _insert(session, events, bot_id, observed_ms)
    # Of several under one id the first has it; popped, it is not there for the others.
    found = [seqs.pop(event.id, None) for event in events]
    return [
        seq or _add_numbered(session, event, bot_id, observed_ms)
        for seq, event in zip(found, events, strict=True)
    ]


def _add_numbered(
    session: Session, event: Event, bot_id: str | None, observed_ms: int
) -> int | None:
    """Store an event whose own id is taken, under the first number that is free."""
    if event.type in ONCE_ONLY:
        return None
    attempts = (numbered(event, number) for number in count(1))
    stored = (_insert(session, [attempt], bot_id, observed_ms) for attempt in attempts)
    return next(seq for one in stored for seq in one.values())


def _insert(
    session: Session, events: Sequence[Event], bot_id: str | None, observed_ms: int
) -> dict[str, int]:
    """Store those whose id is free; return the ``seq`` of each by its id."""
    rows = [
        (one.id, one.type, bot_id, one.subject, observed_ms, encode(one).decode())
        for one in events
    ]
    into = "events (id, type, bot_id, subject, observed_ms, body)"
    found = insert(session, into, rows, then="ON CONFLICT (id) DO NOTHING RETURNING id, seq")
    return {str(event_id): cast("int", seq) for event_id, seq in found}
