"""Sessions of the page that were ended: their cookies may be elsewhere, too."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Create the table."""
    session.define(ENDED_SESSIONS)


ENDED_SESSIONS = """
CREATE TABLE ended_sessions (
    id TEXT PRIMARY KEY,
    ends_ms INTEGER NOT NULL       -- when it would have ended by itself
) STRICT
"""
