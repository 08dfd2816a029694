"""How much is in the database: three numbers for a last line."""

from dataclasses import dataclass

from notifier.core.outcome import State
from notifier.store.mapping import rows_of
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Records known, events found, and deliveries that arrived."""

    leads: int
    events: int
    delivered: int


def totals(session: Session) -> Totals:
    """Count what the database holds."""
    found = session.execute(
        "SELECT (SELECT COUNT(*) FROM records) AS leads,"
        " (SELECT COUNT(*) FROM events) AS events,"
        " (SELECT COUNT(*) FROM deliveries WHERE state = :delivered) AS delivered",
        {"delivered": State.DELIVERED.value},
    )
    (counted,) = rows_of(Totals, found)
    return counted
