"""Past events, for sending them to a destination once more."""

from dataclasses import dataclass

from notifier.store.mapping import rows_of
from notifier.store.session import Session
from notifier.store.texts import raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A stored event; ``waits`` where a delivery of it to the destination is pending."""

    seq: int
    bot_id: str | None
    subject: str
    observed_ms: int
    body: bytes
    waits: bool

    @property
    def poll(self) -> tuple[str | None, str, int]:
        """Equal for events of one lead that one poll has found."""
        return self.bot_id, self.subject, self.observed_ms


def past_events(session: Session, destination: str, *, since_ms: int) -> list[Past]:
    """Return the events observed since then, in their order."""
    rows = session.execute(
        "SELECT e.seq AS seq, e.bot_id AS bot_id, e.subject AS subject,"
        " e.observed_ms AS observed_ms, e.body AS body, EXISTS ("
        "SELECT 1 FROM deliveries AS d WHERE d.event_seq = e.seq"
        " AND d.destination = :destination AND d.state = 'pending') AS waits"
        " FROM events AS e WHERE e.observed_ms >= :since_ms ORDER BY e.seq",
        {"destination": destination, "since_ms": since_ms},
    )
    return rows_of(Past, rows, body=raw, waits=bool)
