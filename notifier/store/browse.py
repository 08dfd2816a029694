"""Lists for people and programs: leads, events and deliveries, oldest first."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.cleaning import comparable
from notifier.core.records import Agent, Lead, Source, parse
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.store import lead_acts
from notifier.store.batches import chunks
from notifier.store.deliveries import Delivery, select
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


def deliveries(session: Session, wanted: Wanted) -> list[Delivery]:
    """Return deliveries; ``since_ms`` is about their creation, ``types`` about the event."""
    found = select(
        session,
        _where(
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
    return found[::-1]


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
    for lead in _parsed(rows, agents or {}, damages):
        if wanted.state is None or comparable(wanted.state) == comparable(lead.status or ""):
            found.append(lead)
        if len(found) == wanted.limit:
            break
    return lead_acts.all_with_taken(session, found[::-1])


def _parsed(
    rows: Iterable[tuple[Any, ...]], agents: Mapping[str, Agent], damages: list[str] | None
) -> Iterator[Lead]:
    """Yield the leads in these rows; what cannot be read is named, or raised."""
    for bot_id, name, listing_type, text, lead_id in rows:
        source = Source(name=name, bot_id=bot_id, customer_id="")
        try:
            yield parse(
                stored_row(text), listing_type=listing_type, source=source, agents=agents
            )
        except DamagedError:
            if damages is None:
                raise
            damages.append(f"the record of lead {lead_id}")


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
