"""The outbox: deliveries are added with their event, claimed, and recorded.

A claim counts up ``claim``, and a recording counts only while its ``claim`` is
the newest. What a process that ended had claimed is released when the next one
starts, on a file, where there is one at a time; on a server when the next member takes
over the lane. No claim has a time to run out: a clock set forward would end it too early.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from notifier.core.outcome import Outcome, State
from notifier.store.batches import chunks, insert
from notifier.store.claims import Claimed
from notifier.store.mapping import number
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A delivery to add for the event stored under ``event_seq``."""

    event_seq: int
    type: str
    rule: str
    destination: str
    lane_key: str
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


def add(session: Session, deliveries: Iterable[NewDelivery]) -> None:
    """Store deliveries; those that are final from the start never become due."""
    insert(
        session,
        "deliveries (event_seq, type, rule, destination, lane_key, bundle, title, body,"
        " mention, broadcast, exempt, state, reason, held, due_ms, planned_ms, created_ms)",
        [
            (
                *(one.event_seq, one.type, one.rule, one.destination, one.lane_key),
                one.bundle,
                *(one.title, one.body, one.mention, number(one.broadcast), int(one.exempt)),
                *(one.state.value, one.reason),
                *(one.held, one.due_ms, one.due_ms, one.created_ms),
            )
            for one in deliveries
        ],
    )


def release_all(session: Session, *, now_ms: int) -> int:
    """At start-up, by the only dispatcher: what was cut off is due at once.

    Counted, since sending it may be what ended the program.
    """
    cursor = session.execute(
        "UPDATE deliveries SET claimed = 0, lost = lost + 1, due_ms = :now_ms"
        " WHERE state = 'pending' AND claimed = 1",
        {"now_ms": now_ms},
    )
    return int(cursor.rowcount)


def release_cut_off(session: Session, destinations: Sequence[str], *, now_ms: int) -> None:
    """Let what was cut off be due at once, where a lane was taken over; counted, too."""
    session.executemany(
        "UPDATE deliveries SET claimed = 0, lost = lost + 1, due_ms = :now_ms"
        " WHERE state = 'pending' AND claimed = 1 AND destination = :destination",
        [{"destination": one, "now_ms": now_ms} for one in destinations],
    )


def release_orphans(session: Session, destination: str) -> None:
    """Where nothing is in flight: what is claimed all the same takes its turn again."""
    session.execute(
        "UPDATE deliveries SET claimed = 0"
        " WHERE state = 'pending' AND claimed = 1 AND destination = :destination",
        {"destination": destination},
    )


def record(
    session: Session,
    claimed: Claimed,
    outcome: Outcome,
    *,
    accepted: frozenset[str],
    note: str,
    now_ms: int,
    is_unsure: bool = False,
) -> bool:
    """Write an outcome; False where a newer claim or a person has overtaken it.

    ``note`` is kept with the outcome's error, and may hold a visitor's words.
    ``is_unsure``: an earlier claim was cut off, and how it ended is still unknown.
    """
    delivered_ms = now_ms if outcome.state is State.DELIVERED else None
    cursor = session.execute(
        "UPDATE deliveries SET state = :state, attempts = :attempts, due_ms = :due_ms,"
        " error = :error, reason = :reason, accepted = :accepted,"
        " delivered_ms = :delivered_ms, claimed = 0,"
        " lost = CASE :unsure WHEN 1 THEN lost ELSE 0 END"
        " WHERE id = :id AND claim = :claim AND state = 'pending'",
        {
            "state": outcome.state.value,
            "attempts": outcome.attempts,
            "due_ms": outcome.at_ms,
            "error": ": ".join(filter(None, (outcome.error, note))) or None,
            "reason": outcome.reason or None,
            "accepted": msgspec.json.encode(sorted(accepted)).decode(),
            "delivered_ms": delivered_ms,
            "unsure": int(is_unsure),
            "id": claimed.id,
            "claim": claimed.claim,
        },
    )
    return cursor.rowcount == 1


def record_delivered(session: Session, claims: Sequence[Claimed], *, now_ms: int) -> set[int]:
    """Write what was delivered without further words; return those it counts for, by id."""
    recorded: set[int] = set()
    for some in chunks([(one.id, one.claim) for one in claims]):
        found = session.spread(
            "WITH done (id, claim) AS (VALUES :claims)"
            " UPDATE deliveries SET state = 'delivered', attempts = attempts + 1,"
            " due_ms = :now_ms, error = NULL, reason = NULL, delivered_ms = :now_ms,"
            " claimed = 0, lost = 0 FROM done"
            " WHERE deliveries.id = done.id AND deliveries.claim = done.claim"
            " AND deliveries.state = 'pending' RETURNING deliveries.id",
            {"claims": some, "now_ms": now_ms},
        )
        recorded |= {delivery for (delivery,) in found.fetchall()}
    return recorded


def retry(session: Session, ids: Sequence[int], *, now_ms: int) -> None:
    """Make deliveries due now, as if they had never been tried; errors stay readable.

    Recipients who already took a message are still left out. A digest stays one.
    """
    # A higher claim shuts out the recording of an attempt that is still under way.
    session.executemany(
        "UPDATE deliveries SET state = 'pending', reason = NULL, attempts = 0, lost = 0,"
        " claim = claim + 1, claimed = 0, due_ms = :now_ms, planned_ms = :now_ms,"
        " delivered_ms = NULL,"
        " held = CASE WHEN held IN ('digest', 'burst') THEN held END WHERE id = :id",
        [{"now_ms": now_ms, "id": one} for one in ids],
    )


def skip(session: Session, delivery_id: int, reason: str) -> bool:
    """End a delivery unsent that waits or is dead; False where it is neither, or in flight."""
    return (
        session.execute(
            "UPDATE deliveries SET state = 'skipped', reason = :reason, claim = claim + 1"
            " WHERE id = :id AND state IN ('pending', 'dead') AND claimed = 0",
            {"id": delivery_id, "reason": reason},
        ).rowcount
        == 1
    )
