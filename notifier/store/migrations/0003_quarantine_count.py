"""How many records a row of the quarantine stands for: those beyond some share one."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Add the column."""
    session.define("ALTER TABLE quarantine ADD COLUMN count INTEGER NOT NULL DEFAULT 1")
