"""Past events, for sending them to a destination once more."""

from dataclasses import dataclass

from notifier.store.session import Session
from notifier.store.texts import raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A stored event; ``waits`` where a delivery of it to the destination is pending.

    ``poll`` is equal for events of one lead that one poll has found.
    """

    seq: int
    poll: tuple[str | None, str, int]
    body: bytes
    waits: bool


def past_events(session: Session, destination: str, *, since_ms: int) -> list[Past]:
    """Return the events observed since then, in their order."""
    rows = session.execute(
        "SELECT e.seq, e.bot_id, e.subject, e.observed_ms, e.body, EXISTS ("
        "SELECT 1 FROM deliveries AS d WHERE d.event_seq = e.seq"
        " AND d.destination = :destination AND d.state = 'pending')"
        " FROM events AS e WHERE e.observed_ms >= :since_ms ORDER BY e.seq",
        {"destination": destination, "since_ms": since_ms},
    )
    return [
        Past(
            seq=seq,
            poll=(bot_id, subject, observed_ms),
            body=raw(body),
            waits=bool(waits),
        )
        for seq, bot_id, subject, observed_ms, body, waits in rows
    ]
