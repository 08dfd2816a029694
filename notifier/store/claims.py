"""Claiming from the outbox: who is sent next, each lead's messages in their order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from notifier.core.events import Event, decode
from notifier.core.outcome import SEND_ALONE_AFTER
from notifier.errors import DamagedError
from notifier.store.expiry import DAMAGED, expire
from notifier.store.mapping import flag, named
from notifier.store.session import Session
from notifier.store.texts import is_damaged, raw

TEXTS = ("rule", "lane_key", "bundle", "title", "body", "mention", "held")
LOOKS = 50  # a claim; in a damaged index what was set aside may come up for ever

# An earlier delivery of the same lead holds this one back while it is due, in
# flight, or being retried for the first times; what is held or gathered is overtaken.
# It is looked for by its lead alone, which `|| ''` sees to: PostgreSQL, while it has no
# statistics of a table that has just grown, would read all that the destination has waiting.
UNBLOCKED = """
    COALESCE(d.held, '') IN ('digest', 'burst') OR NOT EXISTS (
        SELECT 1 FROM deliveries AS earlier
        WHERE earlier.state = 'pending' AND earlier.destination || '' = d.destination
        AND earlier.lane_key = d.lane_key AND earlier.bundle <> d.bundle
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
    """One delivery of a claimed bundle, with its event and the bytes stored of it.

    ``lost`` counts the claims that ended with the program, since anything was recorded.
    """

    id: int
    claim: int
    rule: str
    lane_key: str
    bundle: str
    title: str | None
    body: str | None
    mention: str | None
    broadcast: bool | None
    held: str | None
    attempts: int
    accepted: frozenset[str]
    planned_ms: int
    lost: int
    event: Event
    event_body: bytes


def claim(
    session: Session,
    destination: str,
    *,
    now_ms: int,
    limit: int,
    probe: bool = False,
    crash_suspects: bool = False,
) -> list[tuple[Claimed, ...]]:
    """Claim up to ``limit`` due bundles of different leads, oldest first.

    What the program has ended with so often that it is to go alone is claimed as
    one of the ``crash_suspects`` only, or as a probe, which also takes what waits for a
    retry. Both take the least tried lead first, so that one bad message cannot keep
    the others back.
    """
    found: list[tuple[Claimed, ...]] = []
    for _ in range(LOOKS):
        if len(found) >= limit:
            break
        some, set_aside = _claim_some(
            *(session, destination),
            now_ms=now_ms,
            limit=limit - len(found),
            probe=probe,
            crash_suspects=crash_suspects,
        )
        found += some
        if not set_aside:
            break
    return found


def _claim_some(
    session: Session,
    destination: str,
    *,
    now_ms: int,
    limit: int,
    probe: bool,
    crash_suspects: bool,
) -> tuple[list[tuple[Claimed, ...]], bool]:
    """Claim as :func:`claim` does; the second is whether a damaged one left its place free."""
    lost = "d.lost > 0 AND d.lost >= :alone" if crash_suspects else "d.lost < :alone"
    due = (
        "d.due_ms <= :now_ms OR d.attempts > 0" if probe else f"d.due_ms <= :now_ms AND {lost}"
    )
    order = "d.claim, d.due_ms, d.id" if probe or crash_suspects else "d.due_ms, d.id"
    candidates = session.execute(
        f"SELECT d.bundle, d.lane_key, d.id FROM deliveries AS d WHERE d.state = 'pending'"  # noqa: S608
        f" AND d.destination = :destination AND d.claimed = 0 AND ({due}) AND ({UNBLOCKED})"
        f" ORDER BY {order} LIMIT :limit",
        {
            "destination": destination,
            "now_ms": now_ms,
            "limit": limit,
            "alone": SEND_ALONE_AFTER,
        },
    ).fetchall()
    damaged = [one for bundle, key, one in candidates if is_damaged(bundle, key)]
    if damaged:
        expire(session, damaged, DAMAGED)
        candidates = [one for one in candidates if one[2] not in damaged]
    one_a_lead = {key: bundle for bundle, key, _ in reversed(candidates)}
    bundles = dict.fromkeys(b for b, key, _ in candidates if one_a_lead[key] == b)
    whole = _claim_bundles(session, destination, list(bundles)) if bundles else []
    return whole, bool(damaged) or len(whole) < len(bundles)


def _claim_bundles(
    session: Session, destination: str, bundles: Sequence[str]
) -> list[tuple[Claimed, ...]]:
    """Claim these bundles, whole, and return them in their order."""
    rows = session.spread(
        "UPDATE deliveries SET claim = claim + 1, claimed = 1"
        " WHERE destination = :destination AND bundle IN (:bundles) AND state = 'pending'"
        " RETURNING id",
        {"destination": destination, "bundles": list(bundles)},
    ).fetchall()
    whole: dict[str, list[Claimed]] = {bundle: [] for bundle in bundles}
    for one in _claimed(session, sorted(one for (one,) in rows)):
        whole[one.bundle].append(one)
    return [tuple(parts) for parts in whole.values() if parts]


def _claimed(session: Session, ids: Sequence[int]) -> Iterable[Claimed]:
    """Yield these deliveries; one that cannot be read is dead."""
    if not ids:
        return
    rows = session.spread(
        "SELECT d.id AS id, d.claim AS claim, d.rule AS rule, d.lane_key AS lane_key,"
        " d.bundle AS bundle, d.title AS title, d.body AS body, d.mention AS mention,"
        " d.broadcast AS broadcast, d.held AS held, d.attempts AS attempts,"
        " d.accepted AS accepted, d.planned_ms AS planned_ms, d.lost AS lost,"
        " COALESCE(d.envelope, e.body) AS event_body FROM deliveries AS d"
        " LEFT JOIN events AS e ON e.seq = d.event_seq"
        " WHERE d.id IN (:ids) ORDER BY d.id",
        {"ids": list(ids)},
    )
    for row in list(named(rows)):
        try:
            yield _read(row)
        except DamagedError:
            expire(session, [row["id"]], DAMAGED)


def _read(row: dict[str, Any]) -> Claimed:
    """Return the delivery in a row; raises :class:`DamagedError`."""
    if is_damaged(*(row[name] for name in TEXTS)):
        raise DamagedError("a stored delivery is damaged")
    try:
        accepted = msgspec.json.decode(raw(row["accepted"]), type=list[str])
    except (msgspec.DecodeError, UnicodeError):
        raise DamagedError("a delivery's recipients are damaged") from None
    body = raw(row["event_body"])
    row |= {
        "broadcast": flag(row["broadcast"]),
        "accepted": frozenset(accepted),
        "event_body": body,
        "event": decode(body),
    }
    return Claimed(**row)
