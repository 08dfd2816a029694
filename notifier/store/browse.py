"""Lists for people and programs: leads, events and deliveries, oldest first."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.cleaning import comparable
from notifier.core.records import Agent, Lead, Source, parse
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.store.batches import chunks
from notifier.store.session import Session
from notifier.store.texts import raw

ALL = 2**62
"""A limit that is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries to list: what is ``None`` or empty narrows nothing.

    ``limit`` keeps the newest. ``lead`` is a lead's id.
    """

    since_ms: int | None = None
    types: tuple[str, ...] = ()
    lead: str | None = None
    state: str | None = None
    destination: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as it stands; ``lead`` is ``None`` for operations and the forgotten.

    ``due_ms`` of one that is over is when it was due in the first place.
    """

    id: int
    event_id: str
    type: str
    lead: str | None
    rule: str
    destination: str
    state: str
    reason: str | None
    attempts: int
    due_ms: int
    created_ms: int
    delivered_ms: int | None
    error: str | None


DELIVERIES = """
    SELECT d.id, e.id, e.type,
        CASE WHEN e.bot_id IS NULL OR d.lead = '' THEN NULL ELSE e.subject END,
        d.rule, d.destination, d.state, d.reason, d.attempts,
        CASE WHEN d.state = 'pending' THEN d.due_ms ELSE d.planned_ms END,
        d.created_ms, d.delivered_ms, d.error
    FROM deliveries AS d JOIN events AS e ON e.seq = d.event_seq
"""


def deliveries(session: Session, wanted: Wanted) -> list[Delivery]:
    """Return deliveries; ``since_ms`` is about their creation, ``types`` about the event."""
    rows = session.spread(
        DELIVERIES
        + _where(
            wanted,
            since="d.created_ms >= :since_ms",
            types="e.type IN (:types)",
            lead="e.subject = :lead AND e.bot_id IS NOT NULL",
            state="d.state = :state",
            destination="d.destination = :destination",
        )
        + " ORDER BY d.id DESC LIMIT :limit",
        _values(wanted),
    )
    return [_delivery(row) for row in reversed(rows.fetchall())]


def deliveries_of(session: Session, event_id: str) -> list[Delivery]:
    """Return what became of one event, replays included."""
    rows = session.execute(DELIVERIES + " WHERE e.id = :id ORDER BY d.id", {"id": event_id})
    return [_delivery(row) for row in rows]


def event_bodies(session: Session, wanted: Wanted) -> list[bytes]:
    """Return envelopes as stored; ``state`` keeps events with such a delivery."""
    rows = session.spread(
        "SELECT e.body FROM events AS e"  # noqa: S608
        + _where(
            wanted,
            since="e.observed_ms >= :since_ms",
            types="e.type IN (:types)",
            lead="e.subject = :lead AND e.bot_id IS NOT NULL",
            state="EXISTS (SELECT 1 FROM deliveries AS d"
            " WHERE d.event_seq = e.seq AND d.state = :state)",
        )
        + " ORDER BY e.seq DESC LIMIT :limit",
        _values(wanted),
    )
    return [raw(body) for (body,) in reversed(rows.fetchall())]


def event_body(session: Session, event_id: str) -> bytes | None:
    """Return one envelope, ``None`` where no such event is stored."""
    row = session.execute("SELECT body FROM events WHERE id = :id", {"id": event_id}).fetchone()
    return raw(row[0]) if row else None


def events_by_id(session: Session, ids: Collection[str]) -> list[bytes]:
    """Return the envelopes of these events."""
    return [
        raw(body)
        for some in chunks(list(ids))
        for (body,) in session.spread(
            "SELECT body FROM events WHERE id IN (:ids)", {"ids": some}
        ).fetchall()
    ]


def leads(
    session: Session,
    wanted: Wanted,
    *,
    agents: Mapping[str, Agent] | None = None,
    damages: list[str] | None = None,
) -> list[Lead]:
    """Return the snapshot by last change; ``state`` is a status, ``types`` are listings.

    What only the configuration knows is left empty: the customer, the link, and
    without ``agents`` who stands behind an agent's id. A record that cannot be read is
    named in ``damages``; without those it raises :class:`DamagedError`.
    """
    rows = session.spread(
        "SELECT r.bot_id, COALESCE(s.name, r.bot_id), r.type, r.row, r.lead_id"  # noqa: S608
        " FROM records AS r LEFT JOIN sources AS s ON s.bot_id = r.bot_id"
        + _where(
            wanted,
            since="r.changed_ms >= :since_ms",
            types="r.type IN (:types)",
            lead="r.lead_id = :lead",
        )
        + " ORDER BY r.changed_ms DESC, r.bot_id DESC, r.lead_id DESC",
        _values(wanted),
    )
    found: list[Lead] = []
    # Row by row: those of another status are read only as far as the limit asks.
    for bot_id, name, kind, text, lead_id in rows:
        source = Source(name=name, bot_id=bot_id, customer_id="")
        try:
            lead = parse(stored_row(text), kind=kind, source=source, agents=agents or {})
        except DamagedError:
            if damages is None:
                raise
            damages.append(f"the record of lead {lead_id}")
            continue
        if wanted.state is None or comparable(wanted.state) == comparable(lead.status or ""):
            found.append(lead)
        if len(found) == wanted.limit:
            break
    return found[::-1]


def _delivery(row: tuple[Any, ...]) -> Delivery:
    return Delivery(
        id=row[0],
        event_id=row[1],
        type=row[2],
        lead=row[3],
        rule=row[4],
        destination=row[5],
        state=row[6],
        reason=row[7],
        attempts=row[8],
        due_ms=row[9],
        created_ms=row[10],
        delivered_ms=row[11],
        error=row[12],
    )


def _where(
    wanted: Wanted,
    *,
    since: str,
    types: str,
    lead: str,
    state: str | None = None,
    destination: str | None = None,
) -> str:
    """Return the clause of what narrows: each condition is for that part of ``wanted``."""
    given = (
        (wanted.since_ms is not None, since),
        (bool(wanted.types), types),
        (wanted.lead is not None, lead),
        (wanted.state is not None, state),
        (wanted.destination is not None, destination),
    )
    narrowing = [f"({condition})" for is_given, condition in given if is_given and condition]
    return f" WHERE {' AND '.join(narrowing)}" if narrowing else ""


def _values(wanted: Wanted) -> dict[str, object]:
    """Return what the conditions name; those that do not stand there are not looked at."""
    return {
        "since_ms": wanted.since_ms,
        "types": list(wanted.types) or None,
        "lead": wanted.lead,
        "state": wanted.state,
        "destination": wanted.destination,
        "limit": ALL if wanted.limit is None else wanted.limit,
    }
