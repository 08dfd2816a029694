"""An open SQLite file, and its errors as ours, each with what to do about it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from notifier.errors import BusyError, StoreError
from notifier.store.session import Values
from notifier.store.statements import spread

T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000
OURS = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
)
"""What SQLite says of one statement of ours, and not of the database."""


class SqliteSession(sqlite3.Connection):
    """A :class:`~notifier.store.session.Session` with a file, or with nothing but memory."""

    is_optimistic = False  # a savepoint costs next to nothing here

    def spread(self, sql: str, values: Values) -> sqlite3.Cursor:
        """Run one statement with lists among its values."""
        return self.execute(*spread(sql, values, "?"))

    def define(self, sql: str) -> None:
        """Run a statement of the schema: its words are SQLite's."""
        self.execute(sql)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block as one transaction.

        IMMEDIATE, since a deferred one that reads first fails at once with "database
        is locked" where another process wrote in between, busy_timeout or not.
        """
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled back already.
            if self.in_transaction:
                self.execute("ROLLBACK")
            raise

    def whole(self, function: Callable[[], T]) -> T:
        """Run the function as one transaction: one at a time writes to a file."""
        with self.transaction():
            return function()

    def is_of_database(self, error: Exception) -> bool:
        """Whether an error tells of the database as a whole: a full disk, a lock, damage."""
        if not isinstance(error, sqlite3.Error) or isinstance(error, OURS):
            return False
        # A stored text that is no UTF-8 comes without a code of SQLite's.
        return getattr(error, "sqlite_errorcode", None) is not None

    def shared_ms(self, host_ms: int) -> int:
        """Return the host's own time: whoever uses the file is on this host."""
        return host_ms

    def overwrite_freed(self) -> None:
        """From now on put zeros where something was deleted."""
        self.execute("PRAGMA secure_delete = ON").close()


def connected(place: Path | str, *, uri: bool = False) -> SqliteSession:
    """Open a file, or a URI of one; transactions begin where we say so."""
    return sqlite3.connect(
        place,
        uri=uri,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=SqliteSession,
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours, each with what to do about it."""
    try:
        yield
    except sqlite3.OperationalError as error:
        # The module's own errors have no code, as that of a text which is no UTF-8; those
        # quote what is stored.
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:
            raise StoreError(damaged(path, "a stored text cannot be read")) from None
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise BusyError(f"another process keeps {path} locked; try again") from error
        raise StoreError(f"{path}: {error}: {_remedy(code)}") from error
    except UnicodeDecodeError:
        # SQLite's own error quotes a name of a damaged schema.
        raise StoreError(damaged(path, "its schema cannot be read")) from None
    except OURS:
        raise  # a bug of ours, not a fault of the file
    except sqlite3.DatabaseError as error:
        raise StoreError(damaged(path, str(error))) from error
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror}: check the folder and its rights"
        ) from error


def damaged(path: Path, what: str) -> str:
    """Return the sentence about a database part of which cannot be read."""
    return (
        f"{path} is damaged ({what}): it is left as it is; stop the service, move it "
        "aside and copy your newest `notifier backup` file in its place"
    )


def _remedy(code: int) -> str:
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "free some disk space; nothing committed is lost"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "the service's user must own the file and its folder"
        case sqlite3.SQLITE_IOERR:
            return "the disk reports an error; check the system log"
        case _:
            return "the database cannot be used"
