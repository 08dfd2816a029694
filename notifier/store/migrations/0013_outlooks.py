"""Where a listing changes: what was learnt must outlive a restart."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Add the columns."""
    session.define("ALTER TABLE listings ADD COLUMN learnt TEXT")
    for column in ("news_ms", "turn_ms", "median_ms", "p90_ms"):
        session.define(f"ALTER TABLE listings ADD COLUMN {column} INTEGER")
