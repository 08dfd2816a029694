"""Leads for the page: those that match a filter, the newest change first."""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.cleaning import comparable
from notifier.core.records import Agent, Lead, Source, parse
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.store import lead_acts
from notifier.store.lead_search import tag_mark
from notifier.store.session import Session

WORDS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which leads: what is ``None`` or false narrows nothing.

    ``q`` is looked for in what names a lead; ``is_open`` leaves phone numbers and mail
    addresses out of that. ``untaken``: nobody has it or is on it; ``overdue``: a ``for``
    rule has told of it, and still holds.
    """

    q: str | None = None
    status: str | None = None
    owner: str | None = None
    source: str | None = None
    tag: str | None = None
    country: str | None = None
    since_ms: int | None = None
    untaken: bool = False
    overdue: bool = False
    is_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Edge:
    """A lead's place among all: pages begin behind one, whatever comes meanwhile."""

    changed_ms: int
    bot_id: str
    lead_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A lead at its place; ``None`` for one whose record is damaged."""

    edge: Edge
    lead: Lead | None


def page(
    session: Session,
    wanted: Wanted,
    *,
    limit: int,
    agents: Mapping[str, Agent],
    before: Edge | None = None,
    after: Edge | None = None,
) -> list[Found]:
    """Return leads that match, behind ``before`` or just ahead of ``after``."""
    where, values = _where(wanted)
    order = "DESC" if after is None else "ASC"
    # What may match few is found by reading all rows as they lie, and sorting those few:
    # along the index every row would have to be looked up.
    is_rare = wanted.q or wanted.tag or wanted.country
    by = "changed_ms + 0" if is_rare else "changed_ms"
    if edge := before or after:
        sign = "<" if after is None else ">"
        where += f" AND (changed_ms, bot_id, lead_id) {sign} (:edge_ms, :edge_bot, :edge_lead)"
        values |= {"edge_ms": edge.changed_ms, "edge_bot": edge.bot_id}
        values |= {"edge_lead": edge.lead_id}
    rows = session.execute(
        f"SELECT changed_ms, bot_id, lead_id FROM lead_search WHERE {where}"  # noqa: S608
        f" ORDER BY {by} {order}, bot_id {order}, lead_id {order} LIMIT :limit",
        {**values, "limit": limit},
    ).fetchall()
    edges = sorted((Edge(changed_ms=a, bot_id=b, lead_id=c) for a, b, c in rows), reverse=True)
    return [Found(edge=one, lead=_lead(session, one, agents)) for one in edges]


def lead(
    session: Session, bot_id: str, lead_id: str, agents: Mapping[str, Agent]
) -> Lead | None:
    """Return one lead as it was read last; raises :class:`DamagedError`."""
    found = session.execute(
        "SELECT r.type, r.row, COALESCE(s.name, r.bot_id) FROM records AS r"
        " LEFT JOIN sources AS s ON s.bot_id = r.bot_id"
        " WHERE r.bot_id = :bot_id AND r.lead_id = :lead_id",
        {"bot_id": bot_id, "lead_id": lead_id},
    ).fetchone()
    if found is None:
        return None
    listing_type, text, name = found
    source = Source(name=name, bot_id=bot_id, customer_id="")
    read = parse(stored_row(text), listing_type=listing_type, source=source, agents=agents)
    return lead_acts.with_taken(session, read)


def choices(session: Session) -> dict[str, list[str]]:
    """Return what leads can be chosen by: statuses, owners, countries and sources."""
    sources = session.execute("SELECT name FROM sources ORDER BY name").fetchall()
    return {
        "status": _distinct(session, "status"),
        "owner": _distinct(session, "owner"),
        "source": [name for (name,) in sources],
    }


def _distinct(session: Session, column: str) -> list[str]:
    rows = session.execute(
        f"SELECT {column}, COUNT(*) AS number FROM lead_search"  # noqa: S608
        f" WHERE {column} <> '' GROUP BY {column} ORDER BY number DESC LIMIT 200"
    )
    return [value for value, _ in rows]


def _lead(session: Session, edge: Edge, agents: Mapping[str, Agent]) -> Lead | None:
    try:
        return lead(session, edge.bot_id, edge.lead_id, agents)
    except DamagedError:
        return None


def _where(wanted: Wanted) -> tuple[str, dict[str, object]]:
    clauses: list[str] = []
    values: dict[str, object] = {}
    words = "open_words" if wanted.is_open else "words"
    for name, word in zip(WORDS, comparable(wanted.q or "").split(), strict=False):
        # In brackets: both sides have been made comparable already.
        clauses.append(f"({words}) LIKE :{name} ESCAPE '\\'")
        values[name] = f"%{word.translate(ESCAPED)}%"
    for name in ("status", "country"):
        if (given := getattr(wanted, name)) is not None:
            clauses.append(f"{name} = :{name}")
            values[name] = comparable(given)
    if wanted.owner is not None:
        clauses.append("owner = :owner")
        values["owner"] = wanted.owner
    if wanted.tag is not None:
        clauses.append("(tags) LIKE :tag ESCAPE '\\'")
        values["tag"] = f"%{tag_mark(wanted.tag).translate(ESCAPED)}%"
    if wanted.source is not None:
        clauses.append("bot_id IN (SELECT bot_id FROM sources WHERE name = :source)")
        values["source"] = wanted.source
    if wanted.since_ms is not None:
        clauses.append("changed_ms >= :since_ms")
        values["since_ms"] = wanted.since_ms
    if wanted.untaken:
        clauses.append(
            "owner = '' AND NOT EXISTS (SELECT 1 FROM lead_acts AS a"
            " WHERE a.bot_id = lead_search.bot_id AND a.lead_id = lead_search.lead_id"
            " AND a.taken_ms IS NOT NULL)"
        )
    if wanted.overdue:
        clauses.append(
            "EXISTS (SELECT 1 FROM overdue AS o WHERE o.bot_id = lead_search.bot_id"
            " AND o.lead_id = lead_search.lead_id)"
        )
    return " AND ".join(clauses) or "1 = 1", values
