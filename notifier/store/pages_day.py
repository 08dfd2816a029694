"""How the last day went, in figures for plots; and what happened last."""

from collections import Counter
from dataclasses import dataclass
from itertools import accumulate

from notifier.store.mapping import rows_of
from notifier.store.session import Session
from notifier.store.texts import raw

HOUR_MS = 3_600_000
HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The day by the hour: ``hours_ms`` are their beginnings, the last one goes on.

    ``waiting`` counts, at the end of each hour, what should have gone out and had not.
    """

    hours_ms: tuple[int, ...]
    events: tuple[int, ...]
    delivered: tuple[int, ...]
    waiting: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event as stored, and when it was observed."""

    bot_id: str | None
    observed_ms: int
    body: bytes


def day(session: Session, *, now_ms: int) -> Day:
    """Return the figures of the hour that runs and those before it."""
    first = now_ms // HOUR_MS - HOURS + 1
    values = {"since_ms": first * HOUR_MS, "now_ms": now_ms, "hour_ms": HOUR_MS}
    events = session.execute(
        "SELECT observed_ms / :hour_ms AS hour, COUNT(*) FROM events"
        " WHERE observed_ms >= :since_ms GROUP BY hour",
        values,
    ).fetchall()
    sent = session.execute(
        "SELECT planned_ms / :hour_ms AS planned, delivered_ms / :hour_ms AS sent, COUNT(*)"
        " FROM deliveries WHERE delivered_ms >= :since_ms GROUP BY planned, sent",
        values,
    ).fetchall()
    waits = session.execute(
        "SELECT planned_ms / :hour_ms AS planned, COUNT(*) FROM deliveries"
        " WHERE state = 'pending' AND planned_ms <= :now_ms GROUP BY planned",
        values,
    ).fetchall()
    delivered: Counter[int] = Counter()
    turns: Counter[int] = Counter()
    for planned, hour, count in sent:
        delivered[hour] += count
        turns[max(planned, first)] += count
        turns[hour] -= count
    for planned, count in waits:
        turns[max(planned, first)] += count
    hours = range(first, first + HOURS)
    told = dict(events)
    return Day(
        hours_ms=tuple(hour * HOUR_MS for hour in hours),
        events=tuple(told.get(hour, 0) for hour in hours),
        delivered=tuple(delivered[hour] for hour in hours),
        waiting=tuple(accumulate(turns[hour] for hour in hours)),
    )


def latest(session: Session, *, limit: int) -> list[Happened]:
    """Return the newest events, the newest first."""
    rows = session.execute(
        "SELECT bot_id, observed_ms, body FROM events ORDER BY seq DESC LIMIT :limit",
        {"limit": limit},
    )
    return rows_of(Happened, rows, body=raw)
