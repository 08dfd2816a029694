"""An index to count leads by type: else `status` reads every row there is."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Create the index."""
    session.define("CREATE INDEX records_type ON records (bot_id, type)")
