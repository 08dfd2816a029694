"""How everything stands, read once for all who ask: ``status``, probes, metrics, systemd."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifier.core.outcome import Standing
from notifier.core.pacing import WINDOW_MS
from notifier.core.records import LEAD
from notifier.store import notes, timers
from notifier.store.destinations import health as health_of
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingHealth:
    """One listing of a source: how its last full walk found it, in pages with a record."""

    type: str
    order: str
    pages: int
    has_baseline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """One source: ``state`` is ``up``, ``down`` or, before its first poll, ``starting``.

    ``records`` counts its snapshot, ``leads`` that without non-leads.
    """

    bot_id: str
    name: str
    state: str
    reason: str | None
    remedy: str | None
    last_success_ms: int | None
    listings: tuple[ListingHealth, ...]
    leads: int
    records: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationHealth:
    """One destination; ``kind`` is ``None`` where the rules have it no more.

    ``oldest_due_ms`` is of what should have gone out by now.
    """

    name: str
    kind: str | None
    standing: Standing
    pending: int
    dead: int
    oldest_due_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A ``rule`` or ``destination`` that a person silenced."""

    kind: str
    name: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything at one moment. ``next_due_ms`` is the earliest of what is pending."""

    sources: tuple[SourceHealth, ...]
    destinations: tuple[DestinationHealth, ...]
    mutes: tuple[Mute, ...]
    next_due_ms: int | None
    timers: int
    rules_loaded_at: str | None
    rules_refused: str | None

    @property
    def pending(self) -> int:
        """How many deliveries wait."""
        return sum(one.pending for one in self.destinations)

    @property
    def dead(self) -> int:
        """How many deliveries were given up."""
        return sum(one.dead for one in self.destinations)


def overview(session: Session, *, now_ms: int) -> Overview:
    """Look at everything that the rules in force name, and at what is left of others."""
    told = notes.read(session)
    (next_due_ms,) = session.execute(
        "SELECT MIN(due_ms) FROM deliveries WHERE state = 'pending'"
    ).fetchone()
    return Overview(
        sources=_sources(session),
        destinations=destinations(session, now_ms=now_ms),
        mutes=active_mutes(session, now_ms=now_ms),
        next_due_ms=next_due_ms,
        timers=timers.count(session),
        rules_loaded_at=told.get(notes.LOADED_AT),
        rules_refused=told.get(notes.REFUSED),
    )


def destinations(session: Session, *, now_ms: int) -> tuple[DestinationHealth, ...]:
    """Return the destinations in force, and others that still have deliveries to tell of."""
    # One state at a time: each has an index of its own.
    rows = session.execute(
        "WITH waiting AS (SELECT destination AS name, COUNT(*) AS number,"
        " MIN(CASE WHEN due_ms <= :now_ms THEN due_ms END) AS oldest_ms FROM deliveries"
        " WHERE state = 'pending' GROUP BY destination),"
        " dead AS (SELECT destination AS name, COUNT(*) AS number FROM deliveries"
        " WHERE state = 'dead' GROUP BY destination)"
        " SELECT name, d.kind, COALESCE(d.state, 'up'), COALESCE(d.failures, 0),"
        " d.failing_since_ms, d.probe_ms, d.reason, d.remedy,"
        " COALESCE(waiting.number, 0), COALESCE(dead.number, 0), waiting.oldest_ms"
        " FROM (SELECT name FROM destinations WHERE kind IS NOT NULL"
        " UNION SELECT name FROM waiting UNION SELECT name FROM dead) AS named"
        " LEFT JOIN destinations AS d USING (name)"
        " LEFT JOIN waiting USING (name) LEFT JOIN dead USING (name) ORDER BY name",
        {"now_ms": now_ms},
    )
    return tuple(_destination(row) for row in rows)


def _destination(row: Sequence[Any]) -> DestinationHealth:
    name, kind, state, failures, since_ms, probe_ms, reason, remedy, *rest = row
    pending, dead, oldest_due_ms = rest
    standing = Standing(
        health=health_of(state),
        failures=failures,
        since_ms=since_ms,
        probe_ms=probe_ms,
        reason=reason or "",
        remedy=remedy or "",
    )
    return DestinationHealth(
        name=name,
        kind=kind,
        standing=standing,
        pending=pending,
        dead=dead,
        oldest_due_ms=oldest_due_ms,
    )


def active_mutes(session: Session, *, now_ms: int) -> tuple[Mute, ...]:
    """Return what is muted now, what ends first before the rest."""
    rows = session.execute(
        "SELECT kind, name, until_ms FROM mutes WHERE until_ms > :now_ms"
        " ORDER BY until_ms, name",
        {"now_ms": now_ms},
    )
    return tuple(Mute(kind=kind, name=name, until_ms=ms) for kind, name, ms in rows)


def last_successes(session: Session, bots: Collection[str]) -> Mapping[str, int | None]:
    """Return when each of these bots' sources was last read, ``None`` where it is not up."""
    rows = session.execute(
        "SELECT bot_id, CASE state WHEN 'up' THEN last_success_ms END FROM sources"
    )
    known = dict(rows.fetchall())
    return {bot_id: known.get(bot_id) for bot_id in bots}


def requests_made(session: Session, *, monotonic_ms: int) -> dict[str, int]:
    """Return how many requests each token, by its key, was used for within the window."""
    return dict(
        session.execute(
            "SELECT token, COUNT(*) FROM requests WHERE at_ms > :since_ms GROUP BY token",
            {"since_ms": session.shared_ms(monotonic_ms) - WINDOW_MS},
        ).fetchall()
    )


def newest_event(session: Session) -> int:
    """Return the ``seq`` of the newest event, 0 where there is none."""
    (seq,) = session.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()
    return int(seq)


def events_since(session: Session, seq: int) -> tuple[int, dict[str, int]]:
    """Return the newest ``seq``, and how many events of each type came after the one given."""
    newest = newest_event(session)
    counted = session.execute(
        "SELECT type, COUNT(*) FROM events WHERE seq > :seq GROUP BY type",
        {"seq": min(seq, newest)},
    )
    return newest, dict(counted.fetchall())


def _sources(session: Session) -> tuple[SourceHealth, ...]:
    rows = session.execute(
        "SELECT bot_id, name, state, reason, remedy, last_success_ms,"
        " (SELECT COUNT(*) FROM records AS r WHERE r.bot_id = s.bot_id AND r.type = :lead),"
        " (SELECT COUNT(*) FROM records AS r WHERE r.bot_id = s.bot_id),"
        " (SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM quarantine AS q"
        " WHERE q.bot_id = s.bot_id)"
        " FROM sources AS s ORDER BY name",
        {"lead": LEAD},
    ).fetchall()
    return tuple(
        SourceHealth(
            bot_id=bot_id,
            name=name,
            state=state,
            reason=reason,
            remedy=remedy,
            last_success_ms=last_success_ms,
            listings=_listings(session, bot_id),
            leads=leads,
            records=records,
            quarantined=quarantined,
        )
        for (
            *(bot_id, name, state, reason, remedy, last_success_ms),
            leads,
            records,
            quarantined,
        ) in rows
    )


def _listings(session: Session, bot_id: str) -> tuple[ListingHealth, ...]:
    rows = session.execute(
        "SELECT type, walk_order, pages, baseline_done_ms IS NOT NULL FROM listings"
        " WHERE bot_id = :bot_id ORDER BY type",
        {"bot_id": bot_id},
    )
    return tuple(
        ListingHealth(type=kind, order=order, pages=pages, has_baseline=bool(done))
        for kind, order, pages, done in rows
    )
