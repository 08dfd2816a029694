"""What is muted is a target, as everywhere else: kinds are those of destinations."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Rename the column."""
    session.define("ALTER TABLE mutes RENAME COLUMN kind TO target")
