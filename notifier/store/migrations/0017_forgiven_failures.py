"""A message's failures at the beginning of an outage are forgiven, once."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Make room for whether they were."""
    session.define("ALTER TABLE deliveries ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0")
