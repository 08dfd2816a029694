"""Deliveries that die without an attempt: nobody left to send to, too old, cut off."""

from collections import Counter
from collections.abc import Iterable, Mapping

from notifier.core.outcome import DEAD_AFTER_CRASHES
from notifier.store import destinations
from notifier.store.batches import NOBODY
from notifier.store.session import Session
from notifier.store.texts import is_damaged

DAMAGED = "damaged: what is stored of it cannot be read"


def expire(session: Session, ids: Iterable[int], reason: str) -> None:
    """End these deliveries for a reason of their own; their deaths are told, too."""
    for delivery in ids:
        ended = session.execute(
            "UPDATE deliveries SET state = 'dead', claimed = 0, reason = :reason"
            " WHERE id = :id RETURNING destination",
            {"reason": reason, "id": delivery},
        ).fetchall()
        for (destination,) in ended:
            destinations.count_dead(session, destination, 1)


def expire_removed(session: Session, present: Iterable[str]) -> Mapping[str, int]:
    """End the pending deliveries of destinations that the rules no longer have.

    Returns how many died for each of them.
    """
    died = session.spread(
        "UPDATE deliveries SET state = 'dead', claimed = 0, reason = 'destination removed'"
        " WHERE state = 'pending'"
        " AND destination NOT IN (:kept) RETURNING destination",
        {"kept": [*present, NOBODY]},
    )
    return Counter(name for (name,) in died.fetchall() if not is_damaged(name))


def expire_overdue(session: Session, destination: str, *, older_than_ms: int) -> int:
    """End deliveries that waited longer for their destination than its ``max_age``."""
    cursor = session.execute(
        "UPDATE deliveries SET state = 'dead', reason = 'too old' WHERE state = 'pending'"
        " AND claimed = 0 AND destination = :destination AND planned_ms < :older_than_ms",
        {"destination": destination, "older_than_ms": older_than_ms},
    )
    return int(cursor.rowcount)


def expire_crashed(session: Session, destination: str) -> int:
    """End deliveries that were cut off too often."""
    cursor = session.execute(
        "UPDATE deliveries SET state = 'dead', reason = 'cut off',"
        " error = 'the program ended five times while sending this'"
        " WHERE state = 'pending' AND claimed = 0 AND destination = :destination"
        " AND lost > 0 AND lost >= :limit",
        {"destination": destination, "limit": DEAD_AFTER_CRASHES},
    )
    return int(cursor.rowcount)
