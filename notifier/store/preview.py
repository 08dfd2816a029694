"""What would be sent."""

from dataclasses import dataclass

from notifier.core.outcome import State
from notifier.store.session import Session
from notifier.store.texts import raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A delivery that would be made; ``text`` parts are ``None`` where a webhook is sent.

    ``held`` says why it is due later, ``reason`` why a skipped one is not sent.
    """

    event_id: str
    event_body: bytes
    type: str
    lead: str | None
    rule: str
    destination: str
    state: State
    reason: str | None
    held: str | None
    due_ms: int
    title: str | None
    body: str | None


def last_delivery(session: Session) -> int:
    """Return the id of the newest delivery, 0 where there is none."""
    return int(session.execute("SELECT COALESCE(MAX(id), 0) FROM deliveries").fetchone()[0])


def without_baseline(session: Session, bot_id: str, kind: str) -> bool:
    """Return whether a listing has yet to be walked for the first time."""
    done = session.execute(
        "SELECT 1 FROM listings WHERE bot_id = :bot_id AND type = :type"
        " AND baseline_done_ms IS NOT NULL",
        {"bot_id": bot_id, "type": kind},
    ).fetchone()
    return done is None


def previews(session: Session, *, after: int, now_ms: int) -> list[Preview]:
    """Return deliveries newer than ``after`` and those that are due, in the order of time."""
    rows = session.execute(
        "SELECT e.id, e.body, e.type, CASE WHEN e.bot_id IS NULL THEN NULL ELSE e.subject END,"
        " d.rule, d.destination, d.state, d.reason, d.held, d.due_ms, d.title, d.body"
        " FROM deliveries AS d JOIN events AS e ON e.seq = d.event_seq"
        " WHERE d.id > :after OR d.state = 'pending' AND d.due_ms <= :now_ms"
        " ORDER BY d.due_ms, d.id",
        {"after": after, "now_ms": now_ms},
    )
    return [
        Preview(
            event_id=row[0],
            event_body=raw(row[1]),
            type=row[2],
            lead=row[3],
            rule=row[4],
            destination=row[5],
            state=State(row[6]),
            reason=row[7],
            held=row[8],
            due_ms=row[9],
            title=row[10],
            body=row[11],
        )
        for row in rows
    ]
