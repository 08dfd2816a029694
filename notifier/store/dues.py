"""When deliveries are due: brought forward, looked ahead to, and counted where late."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import orjson
from sqlite_utils import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A pending delivery that is not due yet: ``held`` says why, if not for a retry."""

    id: int
    rule: str
    destination: str
    held: str | None
    attempts: int
    due_ms: int


def release_retries(db: Database, destination: str, *, now_ms: int) -> None:
    """The destination works again: what waited for a retry is due at once."""
    db.execute(
        "UPDATE deliveries SET due_ms = :now_ms WHERE state = 'pending' AND claimed = 0"
        " AND destination = :destination AND attempts > 0 AND due_ms > :now_ms",
        {"destination": destination, "now_ms": now_ms},
    )


def release_digests(db: Database, rules: Iterable[str], *, now_ms: int) -> None:
    """What a rule had collected goes out at once where the rule exists no longer."""
    kept = orjson.dumps(sorted(rules)).decode()
    db.execute(
        "UPDATE deliveries SET due_ms = :now_ms WHERE state = 'pending' AND held = 'digest'"
        " AND due_ms > :now_ms AND rule NOT IN (SELECT value FROM json_each(:kept))",
        {"kept": kept, "now_ms": now_ms},
    )


def later(db: Database, *, now_ms: int) -> list[Later]:
    """Return the pending deliveries that are not due yet and not being sent."""
    rows = db.execute(
        "SELECT id, rule, destination, held, attempts, due_ms FROM deliveries"
        " WHERE state = 'pending' AND claimed = 0 AND due_ms > ?",
        [now_ms],
    ).fetchall()
    return [
        Later(
            id=row[0],
            rule=row[1],
            destination=row[2],
            held=row[3],
            attempts=row[4],
            due_ms=row[5],
        )
        for row in rows
    ]


def bring_forward(db: Database, delivery: int, *, due_ms: int, now_ms: int) -> None:
    """Let a delivery be due at ``due_ms``, and have been made by now at the latest."""
    db.execute(
        "UPDATE deliveries SET due_ms = :due_ms, planned_ms = MIN(planned_ms, :due_ms),"
        " created_ms = MIN(created_ms, :now_ms) WHERE id = :id",
        {"due_ms": due_ms, "now_ms": now_ms, "id": delivery},
    )


def next_due_ms(db: Database, destination: str, *, now_ms: int) -> int | None:
    """Return when the next pending delivery that is not due yet becomes due."""
    (due_ms,) = db.execute(
        "SELECT MIN(due_ms) FROM deliveries WHERE destination = :destination"
        " AND state = 'pending' AND due_ms > :now_ms",
        {"destination": destination, "now_ms": now_ms},
    ).fetchone()
    return cast("int | None", due_ms)


def left(db: Database, *, now_ms: int) -> int:
    """Return how many deliveries should have gone out by now and have not."""
    (count,) = db.execute(
        "SELECT COUNT(*) FROM deliveries WHERE state = 'pending'"
        " AND (due_ms <= :now_ms OR attempts > 0)",
        {"now_ms": now_ms},
    ).fetchone()
    return int(count)


def next_old_ms(db: Database, destination: str, *, from_ms: int) -> int | None:
    """Return for when the first delivery that waits was planned, of those from then on."""
    (planned_ms,) = db.execute(
        "SELECT MIN(planned_ms) FROM deliveries WHERE state = 'pending'"
        " AND claimed = 0 AND destination = :destination AND planned_ms >= :from_ms",
        {"destination": destination, "from_ms": from_ms},
    ).fetchone()
    return cast("int | None", planned_ms)
