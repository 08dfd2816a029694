"""Old, finished events, their deliveries and bad records are pruned; the snapshot stays."""

from notifier.store import ladders, lead_acts
from notifier.store.batches import chunks
from notifier.store.session import Session

BATCH = 500


def prune(session: Session, *, before_ms: int, batch: int = BATCH) -> int:
    """Delete the oldest events that are over since ``before_ms``, with their deliveries.

    Returns how many events went, at most ``batch``: call it, each time as a
    transaction, until fewer go. An event with a delivery that still waits, or
    that was made or delivered since, stays whole.
    """
    old = session.execute(
        "SELECT e.seq FROM events AS e WHERE e.observed_ms < :before_ms AND NOT EXISTS ("
        "SELECT 1 FROM deliveries AS d WHERE d.event_seq = e.seq AND (d.state = 'pending'"
        " OR d.created_ms >= :before_ms OR d.delivered_ms >= :before_ms"
        ")) ORDER BY e.observed_ms LIMIT :batch",
        {"before_ms": before_ms, "batch": batch},
    ).fetchall()
    for some in chunks([seq for (seq,) in old]):
        session.spread("DELETE FROM deliveries WHERE event_seq IN (:seqs)", {"seqs": some})
        session.spread("DELETE FROM events WHERE seq IN (:seqs)", {"seqs": some})
    session.execute("DELETE FROM acts WHERE at_ms < :before_ms", {"before_ms": before_ms})
    ladders.prune(session, before_ms=before_ms)
    lead_acts.prune(session, before_ms=before_ms)
    return len(old)


def prune_quarantine(session: Session, *, before_ms: int, batch: int = BATCH) -> int:
    """Delete bad records first seen before then; those that still come are told anew.

    Returns how many rows went, at most ``batch``: call it until fewer go.
    """
    return session.execute(
        "DELETE FROM quarantine WHERE (bot_id, type, digest) IN (SELECT bot_id, type, digest"
        " FROM quarantine WHERE first_seen_ms < :before_ms LIMIT :batch)",
        {"before_ms": before_ms, "batch": batch},
    ).rowcount
