"""When deliveries are due: the next one, those that are late, and how to change it."""

from collections.abc import Iterable, Sequence
from typing import cast

from notifier.store.batches import NOBODY
from notifier.store.session import Session


def release_retries(session: Session, destination: str, *, now_ms: int) -> None:
    """The destination works again: what waited for a retry is due at once."""
    session.execute(
        "UPDATE deliveries SET due_ms = :now_ms WHERE state = 'pending' AND claimed = 0"
        " AND destination = :destination AND attempts > 0 AND due_ms > :now_ms",
        {"destination": destination, "now_ms": now_ms},
    )


def forgive(session: Session, destination: str) -> None:
    """The destination works again: what failed twice until it failed counts as one failure.

    The trouble was hardly the message's, and one failure more must not let its lead's later
    messages overtake it. Once only: messages that nobody will ever take may be what brings
    the destination down.
    """
    session.execute(
        "UPDATE deliveries SET attempts = 1, forgiven = 1"
        " WHERE state = 'pending' AND claimed = 0 AND claim > 0"
        " AND destination = :destination AND attempts = 2 AND forgiven = 0",
        {"destination": destination},
    )


def release_digests(session: Session, rules: Iterable[str], *, now_ms: int) -> None:
    """What a rule had collected goes out at once where the rule exists no longer."""
    session.spread(
        "UPDATE deliveries SET due_ms = :now_ms,"
        " planned_ms = CASE WHEN planned_ms > :now_ms THEN :now_ms ELSE planned_ms END"
        " WHERE state = 'pending' AND held = 'digest'"
        " AND due_ms > :now_ms AND rule NOT IN (:kept)",
        {"kept": [*rules, NOBODY], "now_ms": now_ms},
    )


def bring_forward(session: Session, delivery: int, *, due_ms: int, now_ms: int) -> None:
    """Let a delivery be due at ``due_ms``, and have been made by now at the latest."""
    times = {"due_ms": due_ms, "now_ms": now_ms, "id": delivery}
    for statement in (
        "UPDATE deliveries SET due_ms = :due_ms WHERE id = :id",
        "UPDATE deliveries SET planned_ms = :due_ms WHERE id = :id AND planned_ms > :due_ms",
        "UPDATE deliveries SET created_ms = :now_ms WHERE id = :id AND created_ms > :now_ms",
    ):
        session.execute(statement, times)


def next_due_ms(session: Session, destination: str, *, now_ms: int) -> int | None:
    """Return when the next pending delivery that is not due yet becomes due."""
    (due_ms,) = session.execute(
        "SELECT MIN(due_ms) FROM deliveries WHERE destination = :destination"
        " AND state = 'pending' AND due_ms > :now_ms",
        {"destination": destination, "now_ms": now_ms},
    ).fetchone()
    return cast("int | None", due_ms)


def with_work(session: Session, destinations: Sequence[str], *, now_ms: int) -> set[str]:
    """Return those of the destinations for which something is due, and not under way."""
    rows = session.spread(
        "SELECT name FROM destinations WHERE name IN (:names) AND EXISTS ("
        "SELECT 1 FROM deliveries AS d WHERE d.state = 'pending' AND d.claimed = 0"
        " AND d.destination = name AND d.due_ms <= :now_ms)",
        {"names": list(destinations), "now_ms": now_ms},
    )
    return {name for (name,) in rows.fetchall()}


def overdue(session: Session, *, now_ms: int) -> int:
    """Return how many deliveries should have gone out by now and have not."""
    (count,) = session.execute(
        "SELECT COUNT(*) FROM deliveries WHERE state = 'pending'"
        " AND (due_ms <= :now_ms OR attempts > 0)",
        {"now_ms": now_ms},
    ).fetchone()
    return int(count)


def earliest_planned_ms(session: Session, destination: str, *, from_ms: int) -> int | None:
    """Return the earliest ``planned_ms``, from ``from_ms`` on, of the deliveries that wait."""
    (planned_ms,) = session.execute(
        "SELECT MIN(planned_ms) FROM deliveries WHERE state = 'pending'"
        " AND claimed = 0 AND destination = :destination AND planned_ms >= :from_ms",
        {"destination": destination, "from_ms": from_ms},
    ).fetchone()
    return cast("int | None", planned_ms)
