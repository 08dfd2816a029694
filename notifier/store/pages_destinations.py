"""What waits for each destination and why, and how long its messages took of late."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from notifier.store.session import Session

LATEST = 200
RETRY = "retry"
TURN = "turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Deliveries that wait for one reason: a rule's ``held``, a retry, or their turn."""

    why: str
    count: int
    first_due_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a destination does; times from when a message was due until it was taken."""

    waits: Sequence[Waits]
    median_ms: int | None
    p90_ms: int | None
    last_ms: int | None


def paces(session: Session) -> dict[str, Pace]:
    """Return how the destinations do that the rules name, or that still have deliveries."""
    waits = _waits(session)
    names = session.execute("SELECT name FROM destinations").fetchall()
    return {
        name: _pace(session, name, waits[name]) for name in {*waits, *(n for (n,) in names)}
    }


def _waits(session: Session) -> defaultdict[str, list[Waits]]:
    rows = session.execute(
        "SELECT destination, CASE WHEN held IS NOT NULL THEN held WHEN attempts > 0"
        " THEN :retry ELSE :turn END AS why, COUNT(*) AS number, MIN(due_ms)"
        " FROM deliveries WHERE state = 'pending'"
        " GROUP BY destination, why ORDER BY destination, number DESC",
        {"retry": RETRY, "turn": TURN},
    )
    found: defaultdict[str, list[Waits]] = defaultdict(list)
    for name, why, count, first_due_ms in rows:
        found[name].append(Waits(why=why, count=count, first_due_ms=first_due_ms))
    return found


def _pace(session: Session, name: str, waits: Sequence[Waits]) -> Pace:
    rows = session.execute(
        "SELECT delivered_ms, delivered_ms - planned_ms FROM deliveries"
        " WHERE destination = :name AND delivered_ms IS NOT NULL"
        " ORDER BY delivered_ms DESC LIMIT :limit",
        {"name": name, "limit": LATEST},
    ).fetchall()
    took = sorted(max(one, 0) for _, one in rows)
    return Pace(
        waits=waits,
        median_ms=_rank(took, 50),
        p90_ms=_rank(took, 90),
        last_ms=rows[0][0] if rows else None,
    )


def _rank(ordered: Sequence[int], percent: int) -> int | None:
    """Return the nearest rank of ordered values."""
    if not ordered:
        return None
    return ordered[max(-(-len(ordered) * percent // 100), 1) - 1]
