"""Floods: what is over a destination's limit goes out as one summary a period."""

from notifier.store.session import Session


def summarise(
    session: Session, destination: str, *, limit: int, per_ms: int, now_ms: int
) -> None:
    """Gather the due messages that are over the limit into the period's summary.

    At most ``limit`` messages go out in any ``per_ms``. The summary is due when
    the oldest of those that filled the window leaves it, and takes in all that
    is over until then.
    """
    due = _due_bundles(session, destination, now_ms)
    if not due:
        return
    sent = _sent_ms(session, destination, since_ms=now_ms - per_ms, now_ms=now_ms)
    over = due[max(limit - len(sent), 0) :]
    if not over:
        return
    bundle, due_ms = _open_summary(session, destination) or (
        f"burst:{destination}:{now_ms}",
        (min(sent) if sent else now_ms) + per_ms,
    )
    session.executemany(
        "UPDATE deliveries SET bundle = :bundle, held = 'burst', due_ms = :due_ms"
        " WHERE bundle = :over AND destination = :destination AND state = 'pending'",
        [
            {"bundle": bundle, "due_ms": due_ms, "over": one, "destination": destination}
            for one in over
        ],
    )


def _due_bundles(session: Session, destination: str, now_ms: int) -> list[str]:
    """Return due messages in order, but for summaries, digests, retries and the exempt."""
    rows = session.execute(
        "SELECT bundle, MIN(id) AS first FROM deliveries WHERE state = 'pending'"
        " AND destination = :destination AND due_ms <= :now_ms AND claimed = 0"
        # Nor what was cut off: it may stand there already, as the message that it was.
        " AND attempts = 0 AND lost = 0 AND exempt = 0"
        " AND COALESCE(held, '') NOT IN ('digest', 'burst')"
        " GROUP BY bundle ORDER BY first",
        {"destination": destination, "now_ms": now_ms},
    )
    return [bundle for bundle, _ in rows]


def _sent_ms(session: Session, destination: str, *, since_ms: int, now_ms: int) -> list[int]:
    """Return when each message of the window was sent, or claimed to be sent now."""
    rows = session.execute(
        "SELECT MAX(at_ms) FROM ("
        " SELECT bundle, delivered_ms AS at_ms FROM deliveries"
        " WHERE destination = :destination AND exempt = 0"
        # Not those of a clock that was set back since: they would fill it for long.
        " AND delivered_ms > :since_ms AND delivered_ms <= :now_ms"
        " UNION ALL SELECT bundle, :now_ms FROM deliveries"
        " WHERE destination = :destination AND exempt = 0 AND state = 'pending' AND claimed = 1"
        ") AS sent GROUP BY bundle",
        {"destination": destination, "since_ms": since_ms, "now_ms": now_ms},
    )
    return [sent_ms for (sent_ms,) in rows]


def _open_summary(session: Session, destination: str) -> tuple[str, int] | None:
    found = session.execute(
        "SELECT bundle, due_ms FROM deliveries WHERE state = 'pending' AND held = 'burst'"
        " AND destination = :destination AND claimed = 0 AND attempts = 0 AND lost = 0 LIMIT 1",
        {"destination": destination},
    ).fetchone()
    return (found[0], found[1]) if found else None
