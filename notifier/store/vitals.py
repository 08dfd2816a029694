"""How the program is doing, as the database knows it: for probes, metrics and people."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from notifier.conclude import Standing
from notifier.pacing import WINDOW_MS
from notifier.store import destinations, notes


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVitals:
    """One source: ``state`` is ``up``, ``down`` or, before its first poll, ``starting``."""

    name: str
    state: str
    reason: str
    last_success_ms: int | None
    records: int
    quarantined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationVitals:
    """One destination; ``oldest_due_ms`` is of what should have gone out by now."""

    name: str
    standing: Standing
    pending: int
    dead: int
    oldest_due_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Everything at one moment; ``requests`` counts those of the last window by token key."""

    sources: tuple[SourceVitals, ...]
    destinations: tuple[DestinationVitals, ...]
    requests: Mapping[str, int]
    rules_loaded_at: str | None
    rules_refused: str | None


def vitals(
    db: Database,
    *,
    bots: Collection[str],
    names: Collection[str],
    now_ms: int,
    monotonic_ms: int,
) -> Vitals:
    """Look at the sources of these bots and the destinations of these names."""
    told = notes.read(db)
    return Vitals(
        sources=tuple(_source(db, bot_id) for bot_id in bots),
        destinations=tuple(_destination(db, name, now_ms) for name in names),
        requests=requests_made(db, monotonic_ms=monotonic_ms),
        rules_loaded_at=told.get(notes.LOADED_AT),
        rules_refused=told.get(notes.REFUSED),
    )


def newest_event(db: Database) -> int:
    """Return the ``seq`` of the newest event, 0 where there is none."""
    (seq,) = db.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()
    return int(seq)


def events_since(db: Database, seq: int) -> tuple[int, dict[str, int]]:
    """Return the newest ``seq``, and how many events of each type came after the one given."""
    newest = newest_event(db)
    counted = db.execute(
        "SELECT type, COUNT(*) FROM events WHERE seq > ? GROUP BY type", [min(seq, newest)]
    )
    return newest, dict(counted.fetchall())


def _source(db: Database, bot_id: str) -> SourceVitals:
    row = db.execute(
        "SELECT name, state, reason, last_success_ms,"
        " (SELECT COUNT(*) FROM records WHERE records.bot_id = sources.bot_id),"
        " (SELECT COUNT(*) FROM quarantine WHERE quarantine.bot_id = sources.bot_id)"
        " FROM sources WHERE bot_id = ?",
        [bot_id],
    ).fetchone()
    name, state, reason, last_success_ms, records, quarantined = row or (
        *(bot_id, "starting", None, None, 0, 0),
    )
    return SourceVitals(
        name=name,
        state=state,
        reason=reason or "",
        last_success_ms=last_success_ms,
        records=records,
        quarantined=quarantined,
    )


def _destination(db: Database, name: str, now_ms: int) -> DestinationVitals:
    pending, oldest_due_ms = db.execute(
        "SELECT COUNT(*), MIN(CASE WHEN due_ms <= :now_ms THEN due_ms END) FROM deliveries"
        " WHERE destination = :name AND state = 'pending'",
        {"name": name, "now_ms": now_ms},
    ).fetchone()
    (dead,) = db.execute(
        "SELECT COUNT(*) FROM deliveries WHERE destination = ? AND state = 'dead'", [name]
    ).fetchone()
    return DestinationVitals(
        name=name,
        standing=destinations.standing(db, name),
        pending=pending,
        dead=dead,
        oldest_due_ms=oldest_due_ms,
    )


def requests_made(db: Database, *, monotonic_ms: int) -> dict[str, int]:
    """Return how many requests each token, by its key, was used for within the window."""
    return dict(
        db.execute(
            "SELECT token, COUNT(*) FROM requests WHERE at_ms > ? GROUP BY token",
            [monotonic_ms - WINDOW_MS],
        ).fetchall()
    )
