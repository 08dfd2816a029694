"""An index for the plots of the last day: else every delivery would be read."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Create the index."""
    session.define(
        "CREATE INDEX deliveries_day ON deliveries (delivered_ms, planned_ms)"
        " WHERE delivered_ms IS NOT NULL"
    )
