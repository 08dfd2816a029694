"""How everything stands, for ``status``: sources, queue, destinations, mutes, timers."""

from dataclasses import dataclass

from sqlite_utils import Database

from notifier.conclude import Health
from notifier.records import LEAD
from notifier.store import notes, timers


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingReport:
    """One listing of a source: how its last full walk found it."""

    type: str
    order: str
    pages: int
    has_baseline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """One source; ``leads`` counts its snapshot without non-leads."""

    name: str
    state: str
    reason: str | None
    remedy: str | None
    last_success_ms: int | None
    listings: tuple[ListingReport, ...]
    leads: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationReport:
    """One destination; ``kind`` is ``None`` where the rules have it no more."""

    name: str
    kind: str | None
    state: Health
    reason: str | None
    remedy: str | None
    pending: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteReport:
    """A ``rule`` or ``destination`` that a person silenced."""

    kind: str
    name: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything at one moment. ``oldest_due_ms`` is the earliest of what is pending."""

    sources: tuple[SourceReport, ...]
    destinations: tuple[DestinationReport, ...]
    mutes: tuple[MuteReport, ...]
    pending: int
    dead: int
    oldest_due_ms: int | None
    timers: int
    rules_loaded_at: str | None
    rules_refused: str | None


def report(db: Database, *, now_ms: int) -> Report:
    """Look at everything."""
    told, places = notes.read(db), destinations(db)
    (oldest_due_ms,) = db.execute(
        "SELECT MIN(due_ms) FROM deliveries WHERE state = 'pending'"
    ).fetchone()
    return Report(
        sources=_sources(db),
        destinations=places,
        mutes=active_mutes(db, now_ms=now_ms),
        pending=sum(one.pending for one in places),
        dead=sum(one.dead for one in places),
        oldest_due_ms=oldest_due_ms,
        timers=timers.count(db),
        rules_loaded_at=told.get(notes.LOADED_AT),
        rules_refused=told.get(notes.REFUSED),
    )


def destinations(db: Database) -> tuple[DestinationReport, ...]:
    """Return the destinations in force, and others that still have deliveries to tell of."""
    # One state at a time: each has an index of its own.
    rows = db.execute(
        "WITH waiting AS (SELECT destination AS name, COUNT(*) AS number FROM deliveries"
        " WHERE state = 'pending' GROUP BY destination),"
        " dead AS (SELECT destination AS name, COUNT(*) AS number FROM deliveries"
        " WHERE state = 'dead' GROUP BY destination)"
        " SELECT name, d.kind, COALESCE(d.state, 'up'), d.reason, d.remedy,"
        " COALESCE(waiting.number, 0), COALESCE(dead.number, 0)"
        " FROM (SELECT name FROM destinations WHERE kind IS NOT NULL"
        " UNION SELECT name FROM waiting UNION SELECT name FROM dead) AS named"
        " LEFT JOIN destinations AS d USING (name)"
        " LEFT JOIN waiting USING (name) LEFT JOIN dead USING (name) ORDER BY name"
    )
    return tuple(
        DestinationReport(
            name=name,
            kind=kind,
            state=Health(state),
            reason=reason,
            remedy=remedy,
            pending=pending,
            dead=dead,
        )
        for name, kind, state, reason, remedy, pending, dead in rows
    )


def active_mutes(db: Database, *, now_ms: int) -> tuple[MuteReport, ...]:
    """Return what is muted now, what ends first before the rest."""
    rows = db.execute(
        "SELECT kind, name, until_ms FROM mutes WHERE until_ms > ? ORDER BY until_ms, name",
        [now_ms],
    )
    return tuple(MuteReport(kind=kind, name=name, until_ms=ms) for kind, name, ms in rows)


def _sources(db: Database) -> tuple[SourceReport, ...]:
    rows = db.execute(
        "SELECT bot_id, name, state, reason, remedy, last_success_ms,"
        " (SELECT COUNT(*) FROM records AS r WHERE r.bot_id = s.bot_id AND r.type = :lead),"
        " (SELECT COUNT(*) FROM quarantine AS q WHERE q.bot_id = s.bot_id)"
        " FROM sources AS s ORDER BY name",
        {"lead": LEAD},
    ).fetchall()
    return tuple(
        SourceReport(
            name=name,
            state=state,
            reason=reason,
            remedy=remedy,
            last_success_ms=last_success_ms,
            listings=_listings(db, bot_id),
            leads=leads,
            quarantined=quarantined,
        )
        for bot_id, name, state, reason, remedy, last_success_ms, leads, quarantined in rows
    )


def _listings(db: Database, bot_id: str) -> tuple[ListingReport, ...]:
    rows = db.execute(
        "SELECT type, walk_order, pages, baseline_done_ms IS NOT NULL FROM listings"
        " WHERE bot_id = ? ORDER BY type",
        [bot_id],
    )
    return tuple(
        ListingReport(type=kind, order=order, pages=pages, has_baseline=bool(done))
        for kind, order, pages, done in rows
    )
