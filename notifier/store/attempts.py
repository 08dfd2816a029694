"""What was tried of each delivery, and what the receiver said: the newest of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.store.batches import insert
from notifier.store.mapping import rows_of
from notifier.store.session import Session

KEPT = 30  # of a delivery: probes of a long outage would fill the table
ANSWER_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One try: it ended at ``at_ms``; ``took_ms`` is ``None`` where nobody measured."""

    delivery_id: int
    at_ms: int
    took_ms: int | None
    is_taken: bool
    answer: str | None


def add(session: Session, tried: Sequence[Tried]) -> None:
    """Write tries, and forget the oldest of a delivery that is tried for ever."""
    insert(
        session,
        "attempts (delivery_id, at_ms, took_ms, taken, answer)",
        [
            (
                *(one.delivery_id, one.at_ms, one.took_ms, int(one.is_taken)),
                one.answer[:ANSWER_CHARS] if one.answer else None,
            )
            for one in tried
        ],
    )
    session.executemany(
        "DELETE FROM attempts WHERE delivery_id = :id AND id <= (SELECT id FROM attempts"
        " WHERE delivery_id = :id ORDER BY id DESC LIMIT 1 OFFSET :kept)",
        [{"id": one.delivery_id, "kept": KEPT} for one in tried if not one.is_taken],
    )


def of_delivery(session: Session, delivery_id: int) -> list[Tried]:
    """Return the tries of a delivery, the oldest first."""
    rows = session.execute(
        "SELECT delivery_id, at_ms, took_ms, taken AS is_taken, answer FROM attempts"
        " WHERE delivery_id = :id ORDER BY id",
        {"id": delivery_id},
    )
    return rows_of(Tried, rows, is_taken=bool)
