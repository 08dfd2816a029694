"""How much is in the database: three numbers for a last line."""

from dataclasses import dataclass

from notifier.core.outcome import State
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Records known, events found, and deliveries that arrived."""

    leads: int
    events: int
    delivered: int


def totals(session: Session) -> Totals:
    """Count what the database holds."""
    leads, events, delivered = session.execute(
        "SELECT (SELECT COUNT(*) FROM records), (SELECT COUNT(*) FROM events),"
        " (SELECT COUNT(*) FROM deliveries WHERE state = :delivered)",
        {"delivered": State.DELIVERED.value},
    ).fetchone()
    return Totals(leads=leads, events=events, delivered=delivered)
