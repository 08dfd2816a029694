"""SQLite: the session, its transactions, and what its errors tell of."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

OURS = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
)
"""What SQLite says of one statement of ours, and not of the database."""


class SqliteSession(sqlite3.Connection):
    """A :class:`~notifier.store.session.Session` with a database file."""

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

    def is_of_database(self, error: Exception) -> bool:
        """Whether an error tells of the database as a whole: a full disk, a lock, damage."""
        if not isinstance(error, sqlite3.Error) or isinstance(error, OURS):
            return False
        # A stored text that is no UTF-8 comes without a code of SQLite's.
        return getattr(error, "sqlite_errorcode", None) is not None
