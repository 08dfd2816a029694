"""When each report comes next."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Create the table."""
    session.define(REPORTS)


# When each report comes next. `at` is what that follows from: cron line and zone.
REPORTS = """
CREATE TABLE reports (
    name TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    due_ms INTEGER NOT NULL
) STRICT
"""
