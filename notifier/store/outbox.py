"""The outbox: deliveries are added with their event, claimed, and recorded.

A claim counts up ``claim``, and a recording counts only while its ``claim`` is
the newest. What a process that ended had claimed is released when the next one
starts; there is only one at a time, so that no lease has to run out, which a
host clock set forward would do too early.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import orjson
from sqlite_utils import Database

from notifier.conclude import Outcome, State
from notifier.store.batches import insert, marks

# An earlier delivery of the same lead holds this one back while it is due, in
# flight, or being retried for the first times; what is held or gathered is overtaken.
UNBLOCKED = """
    COALESCE(d.held, '') IN ('digest', 'burst') OR NOT EXISTS (
        SELECT 1 FROM deliveries AS earlier
        WHERE earlier.state = 'pending' AND earlier.destination = d.destination
        AND earlier.lead = d.lead AND earlier.bundle <> d.bundle
        AND (
            earlier.claimed = 1
            OR earlier.id < d.id AND COALESCE(earlier.held, '') NOT IN ('digest', 'burst') AND (
                earlier.due_ms <= :now_ms AND earlier.attempts < 3
                OR earlier.attempts BETWEEN 1 AND 2
                OR earlier.held = 'settle'
            )
        )
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to add for the event stored under ``event_seq``."""

    event_seq: int
    rule: str
    destination: str
    lead: str
    bundle: str
    title: str | None
    body: str | None
    mention: str | None
    broadcast: bool | None
    exempt: bool
    state: State
    reason: str | None
    held: str | None
    due_ms: int
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One delivery of a claimed bundle, with its event's stored bytes."""

    id: int
    claim: int
    rule: str
    lead: str
    bundle: str
    title: str | None
    body: str | None
    mention: str | None
    broadcast: bool | None
    held: str | None
    attempts: int
    accepted: frozenset[str]
    planned_ms: int
    event_body: bytes


def add(db: Database, deliveries: Iterable[NewDelivery]) -> None:
    """Store deliveries; those that are final from the start never become due."""
    insert(
        db,
        "deliveries (event_seq, rule, destination, lead, bundle, title, body, mention,"
        " broadcast, exempt, state, reason, held, due_ms, planned_ms, created_ms)",
        [
            (
                *(one.event_seq, one.rule, one.destination, one.lead, one.bundle),
                *(one.title, one.body, one.mention, one.broadcast, one.exempt),
                *(one.state.value, one.reason),
                *(one.held, one.due_ms, one.due_ms, one.created_ms),
            )
            for one in deliveries
        ],
    )


def release_all(db: Database, *, now_ms: int) -> int:
    """At start-up, by the only dispatcher: what was cut off is due at once.

    Counted, since sending it may be what ended the program.
    """
    cursor = db.execute(
        "UPDATE deliveries SET claimed = 0, lost = lost + 1, due_ms = :now_ms"
        " WHERE state = 'pending' AND claimed = 1",
        {"now_ms": now_ms},
    )
    return int(cursor.rowcount)


def release_orphans(db: Database, destination: str) -> None:
    """Where nothing is in flight: what is claimed all the same takes its turn again."""
    db.execute(
        "UPDATE deliveries SET claimed = 0"
        " WHERE state = 'pending' AND claimed = 1 AND destination = :destination",
        {"destination": destination},
    )


def give_back(db: Database, claims: Iterable[Claimed]) -> None:
    """What was claimed and will not be sent takes its turn again."""
    db.conn.executemany(
        "UPDATE deliveries SET claimed = 0 WHERE id = ? AND claim = ? AND state = 'pending'",
        [(one.id, one.claim) for one in claims],
    )


def claim(
    db: Database, destination: str, *, now_ms: int, limit: int, probe: bool = False
) -> list[tuple[Claimed, ...]]:
    """Claim up to ``limit`` due bundles of different leads, oldest first.

    A probe also takes what waits for a retry, and the least tried lead first,
    so that one bad message cannot keep a destination down.
    """
    if limit <= 0:
        return []
    due = "(d.due_ms <= :now_ms OR d.attempts > 0)" if probe else "d.due_ms <= :now_ms"
    order = "d.claim, d.due_ms, d.id" if probe else "d.due_ms, d.id"
    candidates = db.execute(
        f"SELECT d.bundle, d.lead FROM deliveries AS d WHERE d.state = 'pending'"  # noqa: S608
        f" AND d.destination = :destination AND d.claimed = 0 AND {due} AND ({UNBLOCKED})"
        f" ORDER BY {order} LIMIT :limit",
        {"destination": destination, "now_ms": now_ms, "limit": limit},
    ).fetchall()
    one_a_lead = {lead: bundle for bundle, lead in reversed(candidates)}
    bundles = dict.fromkeys(b for b, lead in candidates if one_a_lead[lead] == b)
    return _claim_bundles(db, destination, list(bundles)) if bundles else []


def _claim_bundles(
    db: Database, destination: str, bundles: Sequence[str]
) -> list[tuple[Claimed, ...]]:
    """Claim these bundles, whole, and return them in their order."""
    rows = db.execute(
        "UPDATE deliveries SET claim = claim + 1, claimed = 1"  # noqa: S608
        f" WHERE destination = ? AND bundle IN ({marks(bundles)}) AND state = 'pending'"
        " RETURNING id",
        [destination, *bundles],
    ).fetchall()
    whole: dict[str, list[Claimed]] = {bundle: [] for bundle in bundles}
    for one in _claimed(db, sorted(row[0] for row in rows)):
        whole[one.bundle].append(one)
    return [tuple(parts) for parts in whole.values()]


def _claimed(db: Database, ids: Sequence[int]) -> Iterable[Claimed]:
    rows = db.execute(
        "SELECT d.id, d.claim, d.rule, d.lead, d.bundle, d.title, d.body, d.mention,"  # noqa: S608
        " d.broadcast, d.held, d.attempts, d.accepted, d.planned_ms,"
        " COALESCE(d.envelope, e.body) FROM deliveries AS d"
        f" JOIN events AS e ON e.seq = d.event_seq WHERE d.id IN ({marks(ids)}) ORDER BY d.id",
        ids,
    )
    for row in rows:
        yield Claimed(
            id=row[0],
            claim=row[1],
            rule=row[2],
            lead=row[3],
            bundle=row[4],
            title=row[5],
            body=row[6],
            mention=row[7],
            broadcast=None if row[8] is None else bool(row[8]),
            held=row[9],
            attempts=row[10],
            accepted=frozenset(cast("list[str]", orjson.loads(row[11]))),
            planned_ms=row[12],
            event_body=row[13].encode(),
        )


def record(
    db: Database,
    claimed: Claimed,
    outcome: Outcome,
    *,
    accepted: frozenset[str],
    note: str,
    now_ms: int,
) -> bool:
    """Write an outcome; False where a newer claim or a person has overtaken it.

    ``note`` is kept with the outcome's error, and may hold a visitor's words.
    """
    delivered_ms = now_ms if outcome.state is State.DELIVERED else None
    cursor = db.execute(
        "UPDATE deliveries SET state = :state, attempts = :attempts, due_ms = :due_ms,"
        " error = :error, reason = :reason, accepted = :accepted,"
        " delivered_ms = :delivered_ms, claimed = 0, lost = 0"
        " WHERE id = :id AND claim = :claim AND state = 'pending'",
        {
            "state": outcome.state.value,
            "attempts": outcome.attempts,
            "due_ms": outcome.due_ms,
            "error": ": ".join(filter(None, (outcome.error, note))) or None,
            "reason": outcome.reason or None,
            "accepted": orjson.dumps(sorted(accepted)).decode(),
            "delivered_ms": delivered_ms,
            "id": claimed.id,
            "claim": claimed.claim,
        },
    )
    return cursor.rowcount == 1
