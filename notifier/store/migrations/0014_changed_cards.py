"""Members tell each other which leads have changed: the one that sends keeps their cards."""

from notifier.store.session import Session

# Read by time, with an overlap: numbers may become visible out of their order.
CHANGED_CARDS = """
CREATE TABLE changed_cards (
    id INTEGER PRIMARY KEY,
    lane_key TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT
"""


def apply(session: Session) -> None:
    """Make the table."""
    session.define(CHANGED_CARDS)
    session.define("CREATE INDEX changed_cards_at ON changed_cards (at_ms)")
