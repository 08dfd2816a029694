"""Which leads with a card have changed: told by who polls, read by who sends."""

from collections.abc import Collection

from notifier.store.batches import chunks
from notifier.store.session import Session

KEPT_MS = 600_000
OVERLAP_MS = 60_000
"""Beyond what any transaction takes: what is committed late is still read."""


def tell(session: Session, keys: Collection[str], *, now_ms: int) -> None:
    """Note that these leads, by their lane keys, have changed, where they have a card."""
    session.execute(
        "DELETE FROM changed_cards WHERE at_ms < :before_ms", {"before_ms": now_ms - KEPT_MS}
    )
    for some in chunks(sorted(keys)):
        session.spread(
            "INSERT INTO changed_cards (lane_key, at_ms) SELECT DISTINCT lane_key,"
            " CAST(:now_ms AS BIGINT) FROM memory WHERE lane_key IN (:keys)",
            {"keys": some, "now_ms": now_ms},
        )


def heard(session: Session, *, now_ms: int) -> dict[int, str]:
    """Return the lane keys of leads that changed of late, by the number of the telling."""
    rows = session.execute(
        "SELECT id, lane_key FROM changed_cards WHERE at_ms > :since_ms",
        {"since_ms": now_ms - OVERLAP_MS},
    )
    return dict(rows.fetchall())
