"""A person's wish that deliveries be tried again, on a fresh schedule."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.core.outcome import State
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Retryable:
    """What there is to know of a delivery before it may be tried again."""

    id: int
    destination: str
    state: State
    reason: str | None
    in_flight: bool


def find(session: Session, ids: Sequence[int]) -> list[Retryable]:
    """Return those of the deliveries that exist."""
    found = (
        session.execute(
            "SELECT id, destination, state, reason, claimed = 1 AND state = 'pending'"
            " FROM deliveries WHERE id = :id",
            {"id": one},
        ).fetchone()
        for one in ids
    )
    return [
        Retryable(
            id=row[0],
            destination=row[1],
            state=State(row[2]),
            reason=row[3],
            in_flight=bool(row[4]),
        )
        for row in found
        if row
    ]


def dead(session: Session, destination: str | None = None) -> list[Retryable]:
    """Return the dead deliveries, all or those of one destination."""
    only = "" if destination is None else " AND destination = :destination"
    ids = session.execute(
        f"SELECT id FROM deliveries WHERE state = 'dead'{only} ORDER BY id",  # noqa: S608
        {"destination": destination},
    ).fetchall()
    return find(session, [one for (one,) in ids])


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
