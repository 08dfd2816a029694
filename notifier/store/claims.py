"""Claiming from the outbox: who is sent next, each lead's messages in their order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import orjson
from sqlite_utils import Database

from notifier.conclude import LOST_UNTIL_ALONE
from notifier.store.batches import marks

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


def claim(
    db: Database,
    destination: str,
    *,
    now_ms: int,
    limit: int,
    probe: bool = False,
    suspects: bool = False,
) -> list[tuple[Claimed, ...]]:
    """Claim up to ``limit`` due bundles of different leads, oldest first.

    What the program has ended with so often that it is to go alone is claimed as
    one of the ``suspects`` only, or as a probe, which also takes what waits for a
    retry. Both take the least tried lead first, so that one bad message cannot keep
    the others back.
    """
    if limit <= 0:
        return []
    lost = "d.lost > 0 AND d.lost >= :alone" if suspects else "d.lost < :alone"
    due = (
        "d.due_ms <= :now_ms OR d.attempts > 0" if probe else f"d.due_ms <= :now_ms AND {lost}"
    )
    order = "d.claim, d.due_ms, d.id" if probe or suspects else "d.due_ms, d.id"
    candidates = db.execute(
        f"SELECT d.bundle, d.lead FROM deliveries AS d WHERE d.state = 'pending'"  # noqa: S608
        f" AND d.destination = :destination AND d.claimed = 0 AND ({due}) AND ({UNBLOCKED})"
        f" ORDER BY {order} LIMIT :limit",
        {
            "destination": destination,
            "now_ms": now_ms,
            "limit": limit,
            "alone": LOST_UNTIL_ALONE,
        },
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
