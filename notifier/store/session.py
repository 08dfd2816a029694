"""An open connection to the database, as the functions ``f(session, …)`` know it.

Which engine stands behind it they do not know: nothing but an engine's own files imports
a driver. Statements are in the part of SQL that SQLite and PostgreSQL share.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")

Values: TypeAlias = Mapping[str, object]
"""The values of one statement, by the names that stand in it: ``:bot_id``."""


class SavepointError(Exception):
    """A part of a transaction failed that cannot be taken back alone."""


class Rows(Protocol):
    """What a statement found. Read it to its end before the next statement."""

    @property
    def rowcount(self) -> int:
        """How many rows the statement has written."""
        ...

    @property
    def description(self) -> Any:
        """The columns; each has its name first."""
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

    @property
    def is_optimistic(self) -> bool:
        """Whether a transaction is under way no part of which can be taken back.

        It is run by :meth:`whole`, which runs it again, with parts that can, where one fails.
        """
        ...

    def execute(self, sql: str, values: Values = ..., /) -> Rows:
        """Run one statement."""
        ...

    def spread(self, sql: str, values: Values, /) -> Rows:
        """Run one statement with lists among its values, none of them empty.

        ``IN (:ids)`` takes the values of one, ``VALUES :rows`` its tuples.
        """
        ...

    def executemany(self, sql: str, rows: Iterable[Values], /) -> object:
        """Run one statement for each of the rows, which finds nothing."""
        ...

    def define(self, sql: str) -> None:
        """Run a statement of the schema, in the words of :mod:`notifier.store.schema`."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Run the block as one transaction, of which no other one sees a half.

        What it has read stays true until it ends. Statements count on it ("count, then
        insert"). Where several may write at once, it waits until it is alone.
        """
        ...

    def whole(self, function: Callable[[], T], /) -> T:
        """Run the function as one transaction, and return what it returns.

        As :meth:`transaction`, but beside others: where one of them was in the way, the
        function is run again from its beginning. It leaves nothing behind but rows.
        """
        ...

    def is_of_database(self, error: Exception) -> bool:
        """Whether an error tells of the database as a whole: a full disk, a lock, damage.

        Else it is of one statement, or no error of a database's at all.
        """
        ...

    def shared_ms(self, host_ms: int) -> int:
        """Return the present by a clock that all who share the database have.

        ``host_ms`` is the present by a clock of this host that all its processes share.
        """
        ...

    def overwrite_freed(self) -> None:
        """From now on overwrite what is deleted where it lay, as far as the engine can."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...
