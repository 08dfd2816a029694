"""An open connection to the database, as the functions ``f(session, …)`` know it.

Which engine stands behind it they do not know: nothing but the engine's own file
imports a driver.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

Values: TypeAlias = Mapping[str, object] | Sequence[object]
"""The values of one statement."""


class Rows(Protocol):
    """What a statement found. Read it to its end before the next statement."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement has written."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, ``None`` at the end."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Session(Protocol):
    """Belongs to one thread at a time."""

    def execute(self, sql: str, values: Values = ..., /) -> Rows:
        """Run one statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[Values], /) -> object:
        """Run one statement for each of the rows, which finds nothing."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Run the block as one transaction."""
        ...

    def is_of_database(self, error: Exception) -> bool:
        """Whether an error tells of the database as a whole: a full disk, a lock, damage.

        Else it is of one statement, or no error of a database's at all.
        """
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
