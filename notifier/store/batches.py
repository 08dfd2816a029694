"""Many rows in one statement.

The database thread gives way to the event loop at every statement and then waits
for its turn; twenty statements of a row each take many times as long as one.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from notifier.store.session import Session, Values

# Rows a statement. More gain nothing, and each number of rows is a statement of its
# own that the connection keeps prepared: with 500 those came to 130 MB.
CHUNK = 100

NOBODY = ""
"""A name that nothing has: a list for ``NOT IN`` must not be empty."""

T = TypeVar("T")


def insert(
    session: Session, into: str, rows: Sequence[tuple[object, ...]], *, then: str = ""
) -> list[tuple[object, ...]]:
    """Insert rows ``into`` a table and its columns; return what ``then`` lets return."""
    sql = f"INSERT INTO {into} VALUES :rows {then}"  # noqa: S608
    found: list[tuple[object, ...]] = []
    for some in chunks(rows):
        found += session.spread(sql, {"rows": some}).fetchall()
    return found


def chunks(rows: Sequence[T]) -> Iterator[list[T]]:
    """Yield the rows in parts that one statement can take."""
    return (list(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK))


def among(column: str, names: Collection[str] | None) -> Iterator[tuple[str, Values]]:
    """Yield conditions, with their values, that together let through these and no others.

    ``None`` lets through all.
    """
    if names is None:
        yield "TRUE", {}
        return
    for some in chunks(sorted(names)):
        yield f"{column} IN (:among)", {"among": some}
