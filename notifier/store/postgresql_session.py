"""An open connection to a PostgreSQL server, made anew where it was lost.

Nothing depends on the connection that a transaction does not set for itself, so that a
pooler (PgBouncer in transaction mode) may stand between, and a fail-over costs no more than
the transaction that it meets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, TypeVar, cast

import psycopg
from psycopg import errors
from psycopg.pq import TransactionStatus

from notifier.store import postgresql_words as words
from notifier.store.addresses import ServerAddress
from notifier.store.postgresql_connection import (
    PATIENCE_S,
    Connection,
    Found,
    connected,
    has_ended,
)
from notifier.store.postgresql_errors import AGAIN, UNUSABLE, AwayError
from notifier.store.session import SavepointError, Values
from notifier.store.statements import NUMBERED, numbered, spread
from notifier.store.texts import without_nul

T = TypeVar("T")

LONG_PATIENCE_S: Final = 1800.0
ATTEMPTS: Final = 6
OPTIMISTIC: Final = 2
"""So many attempts run beside others; those that follow are alone, and come to an end."""
NOTHING: Final[Mapping[str, object]] = {}


class PostgresqlSession:
    """A :class:`~notifier.store.session.Session` with a server's database."""

    def __init__(self, address: ServerAddress, *, is_read_only: bool = False) -> None:
        self._address = address
        self._is_read_only = is_read_only
        self._is_within = False
        self._hopes = False
        self._patience_s = PATIENCE_S
        self._connection: Connection | None = connected(address)

    @property
    def is_optimistic(self) -> bool:
        """Whether a savepoint, two ways to the server and back, is saved at every part."""
        return self._hopes

    def execute(self, sql: str, values: Values = NOTHING, /) -> Found:
        """Run one statement."""
        text, names = numbered(sql)
        return self._run(text, [values[name] for name in names])

    def spread(self, sql: str, values: Values, /) -> Found:
        """Run one statement with lists among its values."""
        return self._run(*spread(sql, values, NUMBERED))

    def executemany(self, sql: str, rows: Iterable[Values], /) -> None:
        """Run one statement for each of the rows."""
        text, names = numbered(sql)
        given = [[without_nul(row[name]) for name in names] for row in rows]
        if given:
            self._refuse_writing(sql)
            with self._there().cursor() as cursor:
                cursor.executemany(text, given)

    def define(self, sql: str) -> None:
        """Run a statement of the schema, in PostgreSQL's words."""
        self._run(words.schema(sql), [])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction, alone: it cannot be begun again."""
        with self._within(f"{words.BEGIN};{words.GATES[True]}"):
            yield

    def whole(self, function: Callable[[], T]) -> T:
        """Run the function as one transaction beside others, anew where one was in the way."""
        for attempt in range(1, ATTEMPTS + 1):
            gate = words.GATES[attempt > OPTIMISTIC]
            self._hopes = attempt == 1
            try:
                with self._within(f"{words.BEGIN};{gate}"):
                    return function()
            except (*AGAIN, SavepointError):
                if attempt == ATTEMPTS:
                    raise
            finally:
                self._hopes = False
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def migrating(self) -> Iterator[None]:
        """Run the block as one transaction that changes the schema, however long it takes."""
        with self.patient(), self._within(words.BEGIN_MIGRATION):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let the block see the whole database as it is now, however long it reads."""
        with self.patient(), self._within(words.BEGIN_SNAPSHOT):
            yield

    def read(self, table: str) -> tuple[list[str], Iterator[Sequence[object]]]:
        """Return a table's columns and, within a transaction, its rows a part at a time."""
        names = [name for (name,) in self.execute(words.COLUMNS, {"table": table}).fetchall()]
        self.execute(f"DECLARE reading CURSOR FOR SELECT {', '.join(names)} FROM {table}")  # noqa: S608

        def rows() -> Iterator[Sequence[object]]:
            while some := self.execute(words.FETCH).fetchall():
                yield from some
            self.execute("CLOSE reading")

        return names, rows()

    def number_on(self) -> None:
        """Let what numbers itself go on behind the highest number there is."""
        for table, column in self.execute(words.NUMBERED).fetchall():
            self.execute(
                f"SELECT setval(pg_get_serial_sequence(:table, :column),"  # noqa: S608
                f" (SELECT COALESCE(MAX({column}), 0) + 1 FROM {table}), false)",
                {"table": table, "column": column},
            )

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Wait longer for what reads or writes all there is."""
        self._patience_s = LONG_PATIENCE_S
        try:
            yield
        finally:
            self._patience_s = PATIENCE_S

    def is_of_database(self, error: Exception) -> bool:
        """Whether an error tells of the database as a whole, or of the way to it."""
        return isinstance(error, UNUSABLE)

    def shared_ms(self, host_ms: int) -> int:  # noqa: ARG002 - each host has its own
        """Return the present by the server's clock."""
        return int(self.execute(words.NOW_MS).fetchall()[0][0])

    def overwrite_freed(self) -> None:
        """Do nothing: the server keeps versions of a row until it cleans up."""

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _within(self, begin: str) -> Iterator[None]:
        self._begin(begin)
        try:
            yield
            self._commit()
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._is_within = False

    def _begin(self, begin: str) -> None:
        connection = self._there()
        self._is_within = True
        try:
            connection.execute(begin.encode())
        except BaseException:
            self._roll_back()
            self._is_within = False
            raise

    def _commit(self) -> None:
        if self._there().execute(b"COMMIT").statusmessage != "COMMIT":
            raise errors.InFailedSqlTransaction("an error within the transaction was ignored")

    def _roll_back(self) -> None:
        """End the transaction; a connection that cannot is closed, and the server ends it."""
        connection = self._connection
        if connection is None:
            return
        status = connection.info.transaction_status
        if status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            with suppress(psycopg.Error):
                connection.execute(b"ROLLBACK")
                return
        elif status is TransactionStatus.IDLE:
            return
        self.close()

    def _run(self, text: str, values: list[object]) -> Found:
        self._refuse_writing(text)
        connection = self._there()
        try:
            return _found(connection, text.encode(), values)
        except (AwayError, errors.ReadOnlySqlTransaction):
            self.close()  # the next one may find the server that has taken over
            raise

    def _refuse_writing(self, text: str) -> None:
        if self._is_read_only and not words.READS.match(text):
            raise errors.ReadOnlySqlTransaction("this session only looks")

    def _there(self) -> Connection:
        """Return the connection; outside of a transaction a lost one is made anew."""
        connection = self._connection
        if not self._is_within and (connection is None or has_ended(connection)):
            self.close()
            connection = self._connection = connected(self._address)
        if connection is None:
            raise psycopg.OperationalError("the connection was lost")
        connection.patience_s = self._patience_s
        return connection


def _found(connection: Connection, text: bytes, values: list[object]) -> Found:
    try:
        return cast("Found", connection.execute(text, values or None))
    except psycopg.DataError as error:
        # Of the connection's own, before anything was sent: texts have no U+0000 there.
        if error.sqlstate is not None:
            raise
        return cast("Found", connection.execute(text, list(map(without_nul, values))))
