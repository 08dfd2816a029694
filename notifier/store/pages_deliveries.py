"""Deliveries for the page: those that match a filter, however many there are."""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.core.outcome import State
from notifier.store.deliveries import AS_SENT, Delivery, select
from notifier.store.mapping import row_of
from notifier.store.session import Session
from notifier.store.texts import raw

NEWEST = 2**62
ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which deliveries: what is ``None`` narrows nothing; ``error`` is a part of its text."""

    id: int | None = None
    state: str | None = None
    destination: str | None = None
    rule: str | None = None
    type: str | None = None
    error: str | None = None
    since_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The message of a delivery: the words, or for programs the event's own bytes."""

    title: str | None
    body: str | None
    event_body: bytes


CLAUSES: Mapping[str, str] = {
    "id": "id = :id",
    "destination": "destination = :destination",
    "rule": "rule = :rule",
    "type": "type = :type",
    "error": "error IS NOT NULL AND LOWER(error) LIKE :error ESCAPE '\\'",
    "since_ms": "created_ms >= :since_ms",
}


def counts(session: Session, chosen: Chosen) -> dict[str, int]:
    """Return how many match, by state; states of which there are none are left out."""
    where, values = _where(chosen)
    found = {}
    for state in _states(chosen):
        (number,) = session.execute(
            f"SELECT COUNT(*) FROM deliveries WHERE state = :state AND {where}",  # noqa: S608
            {**values, "state": state},
        ).fetchone()
        found[state] = number
    return {state: number for state, number in found.items() if number}


def page(
    session: Session,
    chosen: Chosen,
    *,
    limit: int,
    before: int = NEWEST,
    after: int | None = None,
) -> list[Delivery]:
    """Return what matches and is older than ``before``, the newest first.

    With ``after`` instead the ones just newer than it.
    """
    found = ids(session, chosen, limit=limit, before=before, after=after)
    if not found:
        return []
    where = "WHERE d.id IN (:ids) ORDER BY d.id DESC"
    return select(session, where, {"ids": found}, texts=AS_SENT)


def ids(
    session: Session,
    chosen: Chosen,
    *,
    limit: int,
    before: int = NEWEST,
    after: int | None = None,
) -> list[int]:
    """Return the ids of what :func:`page` returns."""
    where, values = _where(chosen)
    edge, order = ("id < :before", "DESC") if after is None else ("id > :after", "ASC")
    values |= {"before": before, "after": after, "limit": limit}
    found: list[int] = []
    for state in _states(chosen):
        rows = session.execute(
            f"SELECT id FROM deliveries WHERE state = :state AND {edge} AND {where}"  # noqa: S608
            f" ORDER BY id {order} LIMIT :limit",
            {**values, "state": state},
        )
        found += [one for (one,) in rows]
    nearest = sorted(found, reverse=after is None)[:limit]
    return sorted(nearest, reverse=True)


def sent(session: Session, delivery_id: int) -> Sent | None:
    """Return the message of a delivery, ``None`` where there is none of this id."""
    found = session.execute(
        "SELECT d.title AS title, d.body AS body, COALESCE(d.envelope, e.body) AS event_body"
        " FROM deliveries AS d JOIN events AS e ON e.seq = d.event_seq WHERE d.id = :id",
        {"id": delivery_id},
    )
    return row_of(Sent, found, event_body=raw)


def names(session: Session) -> dict[str, list[str]]:
    """Return what deliveries there are can be chosen by: their destinations and rules."""
    return {
        "destination": _distinct(session, "destination"),
        "rule": _distinct(session, "rule"),
    }


def _distinct(session: Session, column: str) -> list[str]:
    """Return the values of an indexed column, from one to the next: there are few."""
    found: list[str] = []
    (value,) = session.execute(f"SELECT MIN({column}) FROM deliveries").fetchone()  # noqa: S608
    while value is not None:
        found.append(value)
        (value,) = session.execute(
            f"SELECT MIN({column}) FROM deliveries WHERE {column} > :value",  # noqa: S608
            {"value": value},
        ).fetchone()
    return found


def _states(chosen: Chosen) -> tuple[str, ...]:
    """Return the states to look at, one after the other: so one index serves all filters."""
    return (chosen.state,) if chosen.state is not None else tuple(one.value for one in State)


def _where(chosen: Chosen) -> tuple[str, dict[str, object]]:
    """Return the clauses that narrow anything, and their values."""
    values = {name: getattr(chosen, name) for name in CLAUSES}
    given = {name: value for name, value in values.items() if value is not None}
    if chosen.error is not None:
        given["error"] = f"%{chosen.error.lower().translate(ESCAPED)}%"
    return " AND ".join(CLAUSES[name] for name in given) or "1 = 1", given
