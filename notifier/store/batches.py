"""Many rows in one statement.

The database thread gives way to the event loop at every statement and then waits
for its turn; twenty statements of a row each take many times as long as one.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

from notifier.store.session import Session

# Rows a statement. More gain nothing, and each number of rows is a statement of its
# own that the connection keeps prepared: with 500 those came to 130 MB.
CHUNK = 100

T = TypeVar("T")


def insert(
    session: Session, into: str, rows: Sequence[Sequence[object]], *, then: str = ""
) -> list[tuple[object, ...]]:
    """Insert rows ``into`` a table and its columns; return what ``then`` lets return."""
    found: list[tuple[object, ...]] = []
    for some in chunks(rows):
        sql = f"INSERT INTO {into} VALUES {tuples(some)} {then}"  # noqa: S608
        found += session.execute(sql, list(chain.from_iterable(some))).fetchall()
    return found


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the rows in parts that one statement can take."""
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def marks(values: Sequence[object]) -> str:
    """Return a placeholder for each value, for ``IN (…)``."""
    return ",".join("?" * len(values))


def tuples(rows: Sequence[Sequence[object]]) -> str:
    """Return the placeholders of rows, for ``VALUES …``."""
    return ",".join([f"({marks(rows[0])})"] * len(rows))
