"""Members tell each other that the upstream wants a token to pause."""

from notifier.store.session import Session

PAUSED_TOKENS = """
CREATE TABLE paused_tokens (
    token TEXT PRIMARY KEY,        -- its digest, as in `requests`
    until_ms INTEGER NOT NULL
) STRICT
"""


def apply(session: Session) -> None:
    """Make the table."""
    session.define(PAUSED_TOKENS)
