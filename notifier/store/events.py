"""The events table: what happened, in the order it was committed."""

from sqlite_utils import Database

from notifier.events import OVERDUE, Event, EventType, encode, numbered

ONCE_ONLY = OVERDUE | {EventType.LEAD_CREATED, EventType.CHAT_CREATED}
"""A second one under the same id is the same event, told already."""


def add(db: Database, event: Event, *, bot_id: str | None, observed_ms: int) -> int | None:
    """Store an event and return its ``seq``; ``None`` where it was told before.

    Where the id is taken by an earlier change that happened to look the same,
    the event gets the next running number.
    """
    attempt = event
    number = 0
    while True:
        found = db.execute(
            "INSERT INTO events (id, type, bot_id, subject, observed_ms, body)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING seq",
            [
                attempt.id,
                event.type,
                bot_id,
                event.subject,
                observed_ms,
                encode(attempt).decode(),
            ],
        ).fetchone()
        if found:
            return int(found[0])
        if event.type in ONCE_ONLY:
            return None
        number += 1
        attempt = numbered(event, number)
