"""A transaction, and a part of one that may fail by itself: one delivery's or lead's."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlite_utils import Database

from notifier.errors import DamagedError

OURS = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
)
"""What SQLite says of one statement of ours, and not of the database."""


@contextmanager
def transaction(db: Database) -> Iterator[None]:
    """Run the block as one transaction.

    IMMEDIATE, since a deferred one that reads first fails at once with "database
    is locked" where another process wrote in between, busy_timeout or not.
    """
    db.conn.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.conn.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled back already.
        if db.conn.in_transaction:
            db.conn.execute("ROLLBACK")
        raise


@dataclass(slots=True)
class Part:
    """How the block ended: ``fault`` is what it raised."""

    fault: Exception | None = None


@contextmanager
def part(db: Database) -> Iterator[Part]:
    """Run the block as a part of the transaction: all of it, or nothing and a ``fault``.

    A database that cannot be used is nobody's own trouble: that error passes.
    """
    one = Part()
    db.conn.execute("SAVEPOINT part")
    try:
        yield one
    except Exception as error:
        # Broad, and the only such place within a transaction: whatever one delivery's
        # or one lead's words bring about, the others of the same transaction go on.
        if is_of_database(error):
            raise
        db.conn.execute("ROLLBACK TO part")
        one.fault = error
    db.conn.execute("RELEASE part")


def is_of_database(error: Exception) -> bool:
    """Whether an error tells of the database as a whole: a full disk, a lock, damage."""
    if not isinstance(error, sqlite3.Error) or isinstance(error, OURS):
        return False
    # A stored text that is no UTF-8 comes without a code of SQLite's.
    return getattr(error, "sqlite_errorcode", None) is not None


def words(fault: Exception) -> str:
    """Return what to tell of a fault. A foreign one's own text may quote a visitor."""
    if isinstance(fault, DamagedError):
        return f"damaged: {fault}"
    return f"a fault of the program: {type(fault).__name__}"
