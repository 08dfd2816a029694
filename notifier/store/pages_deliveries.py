"""Deliveries for the page: those that match a filter, however many there are."""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.core.outcome import State
from notifier.store.browse import Delivery
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
class Shown:
    """A delivery with what a page shows beside it: what it is about, and why it waits."""

    delivery: Delivery
    bot_id: str | None
    held: str | None
    in_flight: bool
    event_body: bytes


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

SHOWN = """
    SELECT d.id, e.id, e.type,
        CASE WHEN e.bot_id IS NULL OR d.lead = '' THEN NULL ELSE e.subject END,
        d.rule, d.destination, d.state, d.reason, d.attempts,
        CASE WHEN d.state = 'pending' THEN d.due_ms ELSE d.planned_ms END,
        d.created_ms, d.delivered_ms, d.error, e.bot_id, d.held, d.claimed,
        COALESCE(d.envelope, e.body)
    FROM deliveries AS d JOIN events AS e ON e.seq = d.event_seq
"""


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
) -> list[Shown]:
    """Return what matches and is older than ``before``, the newest first.

    With ``after`` instead the ones just newer than it.
    """
    found = ids(session, chosen, limit=limit, before=before, after=after)
    if not found:
        return []
    rows = session.spread(f"{SHOWN} WHERE d.id IN (:ids) ORDER BY d.id DESC", {"ids": found})
    return [_shown(row) for row in rows]


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
        "SELECT d.title, d.body, COALESCE(d.envelope, e.body)"
        " FROM deliveries AS d JOIN events AS e ON e.seq = d.event_seq WHERE d.id = :id",
        {"id": delivery_id},
    ).fetchone()
    return found and Sent(title=found[0], body=found[1], event_body=raw(found[2]))


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


def _shown(row: tuple[object, ...]) -> Shown:
    fields = (
        *("id", "event_id", "type", "lead", "rule", "destination", "state", "reason"),
        *("attempts", "due_ms", "created_ms", "delivered_ms", "error"),
    )
    delivery = dict(zip(fields, row, strict=False))
    bot_id, held, claimed, body = row[len(fields) :]
    return Shown(
        delivery=Delivery(**delivery),  # type: ignore[arg-type]
        bot_id=bot_id if isinstance(bot_id, str) else None,
        held=held if isinstance(held, str) else None,
        in_flight=bool(claimed) and delivery["state"] == "pending",
        event_body=raw(body),
    )
