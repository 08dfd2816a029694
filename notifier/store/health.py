"""How everything stands, read once for all who ask: ``status``, probes, metrics, systemd."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from notifier.core.destination_state import DestinationState
from notifier.core.pacing import WINDOW_MS
from notifier.core.records import LEAD
from notifier.store import ladders, leases, service_state, timers
from notifier.store.destinations import stored_state
from notifier.store.leases import MemberHealth
from notifier.store.mapping import named, rows_of
from notifier.store.session import Session

NEWEST_FIRST = "updated-desc"  # the order in which every poll sees every change


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingHealth:
    """One listing of a source: how its last full walk found it, in pages with a record.

    Half of its changes are seen within ``median_ms``, nine of ten within ``p90_ms``:
    kept where the order hides changes, as soon as that is known.
    """

    type: str
    order: str
    pages: int
    has_baseline: bool
    median_ms: int | None = None
    p90_ms: int | None = None


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
    state: DestinationState
    pending: int
    dead: int
    oldest_due_ms: int | None


class MuteTarget(StrEnum):
    """What can be silenced; the column ``mutes.target``."""

    RULE = "rule"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A rule or destination that a person silenced."""

    target: MuteTarget
    name: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything at one moment. ``next_due_ms`` is the earliest of what is pending.

    ``timers`` counts clocks of rules with ``for``, and ladders with a step to come.
    """

    sources: tuple[SourceHealth, ...]
    destinations: tuple[DestinationHealth, ...]
    mutes: tuple[Mute, ...]
    next_due_ms: int | None
    timers: int
    members: tuple[MemberHealth, ...] = ()
    rules_loaded_at: str | None
    rules_refused: str | None
    slack: service_state.SlackConnections | None = None

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
    told = service_state.read(session)
    (next_due_ms,) = session.execute(
        "SELECT MIN(due_ms) FROM deliveries WHERE state = 'pending'"
    ).fetchone()
    return Overview(
        sources=_sources(session),
        destinations=destinations(session, now_ms=now_ms),
        mutes=active_mutes(session, now_ms=now_ms),
        next_due_ms=next_due_ms,
        timers=timers.count(session) + ladders.count(session),
        members=leases.living(session, now_ms=now_ms),
        rules_loaded_at=told.get(service_state.LOADED_AT),
        rules_refused=told.get(service_state.REFUSED),
        slack=service_state.slack(told, now_ms=now_ms),
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
        " SELECT name, d.kind AS kind, COALESCE(d.state, 'up') AS state,"
        " COALESCE(d.failures, 0) AS failures, d.failing_since_ms AS since_ms,"
        " d.probe_ms AS probe_ms, d.reason AS reason, d.remedy AS remedy,"
        " COALESCE(waiting.number, 0) AS pending, COALESCE(dead.number, 0) AS dead,"
        " waiting.oldest_ms AS oldest_due_ms"
        " FROM (SELECT name FROM destinations WHERE kind IS NOT NULL"
        " UNION SELECT name FROM waiting UNION SELECT name FROM dead) AS named"
        " LEFT JOIN destinations AS d USING (name)"
        " LEFT JOIN waiting USING (name) LEFT JOIN dead USING (name) ORDER BY name",
        {"now_ms": now_ms},
    )
    return tuple(rows_of(_destination, rows))


def _destination(
    *,
    name: str,
    kind: str | None,
    pending: int,
    dead: int,
    oldest_due_ms: int | None,
    **state: Any,
) -> DestinationHealth:
    return DestinationHealth(
        name=name,
        kind=kind,
        state=stored_state(**state),
        pending=pending,
        dead=dead,
        oldest_due_ms=oldest_due_ms,
    )


def active_mutes(session: Session, *, now_ms: int) -> tuple[Mute, ...]:
    """Return what is muted now, what ends first before the rest."""
    rows = session.execute(
        "SELECT target, name, until_ms FROM mutes WHERE until_ms > :now_ms"
        " ORDER BY until_ms, name",
        {"now_ms": now_ms},
    )
    return tuple(rows_of(Mute, rows, target=MuteTarget))


def muted_until_ms(muted: Collection[Mute], target: MuteTarget) -> Mapping[str, int]:
    """Return by name when the silences of rules, or of destinations, end."""
    return {one.name: one.until_ms for one in muted if one.target is target}


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
        " (SELECT COUNT(*) FROM records AS r WHERE r.bot_id = s.bot_id AND r.type = :lead)"
        " AS leads,"
        " (SELECT COUNT(*) FROM records AS r WHERE r.bot_id = s.bot_id) AS records,"
        " (SELECT CAST(COALESCE(SUM(count), 0) AS BIGINT) FROM quarantine AS q"
        " WHERE q.bot_id = s.bot_id) AS quarantined"
        " FROM sources AS s ORDER BY name",
        {"lead": LEAD},
    )
    return tuple(
        SourceHealth(**row, listings=_listings(session, row["bot_id"]))
        for row in list(named(rows))
    )


def _listings(session: Session, bot_id: str) -> tuple[ListingHealth, ...]:
    rows = session.execute(
        'SELECT type, walk_order AS "order", pages, median_ms, p90_ms,'
        " baseline_done_ms IS NOT NULL AS has_baseline FROM listings"
        " WHERE bot_id = :bot_id ORDER BY type",
        {"bot_id": bot_id},
    )
    return tuple(rows_of(ListingHealth, rows, has_baseline=bool))
