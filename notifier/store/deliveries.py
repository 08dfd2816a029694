"""Deliveries as they stand, in one shape for all who look at them."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.store.batches import chunks
from notifier.store.mapping import rows_of
from notifier.store.session import Session, Values
from notifier.store.texts import raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as it stands; ``lead`` is ``None`` for operations and the forgotten.

    ``held`` says why a pending one is due later. ``due_ms`` of one that is over is when
    it was due in the first place. ``title`` and ``body`` are ``None`` where events are
    sent; they and ``event_body`` are left out by :func:`select` without :data:`TEXTS`.
    """

    id: int
    event_id: str
    type: str
    bot_id: str | None
    lead: str | None
    lane_key: str
    rule: str
    destination: str
    state: str
    reason: str | None
    held: str | None
    attempts: int
    in_flight: bool
    due_ms: int
    created_ms: int
    delivered_ms: int | None
    error: str | None
    title: str | None = None
    body: str | None = None
    event_body: bytes = b""


COLUMNS = """
    d.id AS id, e.id AS event_id, e.type AS type, e.bot_id AS bot_id,
    CASE WHEN e.bot_id IS NULL OR d.lane_key = '' THEN NULL ELSE e.subject END AS lead,
    d.lane_key AS lane_key, d.rule AS rule, d.destination AS destination,
    d.state AS state, d.reason AS reason, d.held AS held, d.attempts AS attempts,
    CASE WHEN d.state = 'pending' THEN d.claimed ELSE 0 END AS in_flight,
    CASE WHEN d.state = 'pending' THEN d.due_ms ELSE d.planned_ms END AS due_ms,
    d.created_ms AS created_ms, d.delivered_ms AS delivered_ms, d.error AS error
"""
TEXTS = ", d.title AS title, d.body AS body, e.body AS event_body"
AS_SENT = ", d.title AS title, d.body AS body, COALESCE(d.envelope, e.body) AS event_body"


def select(session: Session, where: str, values: Values, *, texts: str = "") -> list[Delivery]:
    """Return deliveries ``d`` of events ``e``, with what was written if ``texts`` ask for it.

    ``where`` holds the rest of the statement, an order if it matters, and may spread lists.
    """
    found = session.spread(
        f"SELECT {COLUMNS}{texts} FROM deliveries AS d"  # noqa: S608
        f" JOIN events AS e ON e.seq = d.event_seq {where}",
        values,
    )
    if not texts:
        return rows_of(Delivery, found, in_flight=bool)
    return rows_of(Delivery, found, in_flight=bool, event_body=raw)


def of_event(session: Session, event_id: str) -> list[Delivery]:
    """Return what became of one event, replays included."""
    return select(session, "WHERE e.id = :id ORDER BY d.id", {"id": event_id})


def by_id(session: Session, ids: Sequence[int]) -> list[Delivery]:
    """Return those of the deliveries that exist, in the order of their ids."""
    return [
        one
        for some in chunks(sorted(ids))
        for one in select(session, "WHERE d.id IN (:ids) ORDER BY d.id", {"ids": some})
    ]


def dead(session: Session, destination: str | None = None) -> list[Delivery]:
    """Return the dead deliveries, all or those of one destination."""
    only = "" if destination is None else " AND d.destination = :destination"
    where = f"WHERE d.state = 'dead'{only} ORDER BY d.id"
    return select(session, where, {"destination": destination})


def later(session: Session, *, now_ms: int) -> list[Delivery]:
    """Return the pending deliveries that are not due yet and not being sent."""
    where = "WHERE d.state = 'pending' AND d.claimed = 0 AND d.due_ms > :now_ms"
    return select(session, where, {"now_ms": now_ms})


def newest(session: Session) -> int:
    """Return the id of the newest delivery, 0 where there is none."""
    (found,) = session.execute("SELECT COALESCE(MAX(id), 0) FROM deliveries").fetchone()
    return int(found)


def previews(session: Session, *, after: int, now_ms: int) -> list[Delivery]:
    """Return deliveries newer than ``after`` and those that are due, in the order of time."""
    return select(
        session,
        "WHERE d.id > :after OR d.state = 'pending' AND d.due_ms <= :now_ms"
        " ORDER BY d.due_ms, d.id",
        {"after": after, "now_ms": now_ms},
        texts=TEXTS,
    )
