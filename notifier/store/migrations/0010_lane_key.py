"""The lane key gets its name: it was named as if it were a lead's id."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Rename the columns."""
    session.define("ALTER TABLE deliveries RENAME COLUMN lead TO lane_key")
    session.define("ALTER TABLE memory RENAME COLUMN lead TO lane_key")
