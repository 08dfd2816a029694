"""When deliveries are due: brought forward, looked ahead to, and counted where late."""

from collections.abc import Iterable
from typing import cast

import orjson
from sqlite_utils import Database


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
