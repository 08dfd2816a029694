"""Opening the database file: private, with today's schema, and safe from power cuts.

Power cuts: in WAL mode with ``synchronous=FULL`` a commit returns after the WAL
frames were fsynced, so what is committed survives; recovery drops a torn tail.
``NORMAL`` would keep the file sound but could forget the newest commits, and an
outbox that forgets is none.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database, Migrations

from notifier import files
from notifier.errors import FileError, StoreError
from notifier.store import texts
from notifier.store.faults import translated
from notifier.store.schema import MIGRATIONS, unknown_migrations
from notifier.store.sqlite import SqliteSession

BUSY_TIMEOUT_MS = 10_000


def connect(path: Path, *, migrations: Migrations = MIGRATIONS) -> SqliteSession:
    """Open (or create, mode 0600) the database and bring its schema up to date.

    Raises :class:`StoreError` for an unreadable, corrupt or newer file, and
    :class:`FileError` for what is no file.
    """
    with translated(path):
        _create_private(path)
        session = _opened(path)
        try:
            _set_up(session)
            _migrate(session, path, migrations)
        except BaseException:
            session.close()
            raise
        return session


def connect_existing(path: Path) -> SqliteSession:
    """Open a database for a command that only looks or steers; never creates one."""
    if not path.exists():
        raise StoreError(
            f"there is no database at {path}: `notifier run` creates it; "
            "is NOTIFIER_DATABASE set as the service has it?"
        )
    return connect(path)


def connect_read_only(path: Path) -> SqliteSession:
    """Open a database as it is, whatever its schema: nothing is created or upgraded."""
    with translated(path):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(
            uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, factory=SqliteSession
        )


def _create_private(path: Path) -> None:
    # Created before SQLite opens it: the WAL files inherit its mode. The file may lie
    # elsewhere, but where the link leads to nothing, a disk may not be mounted yet.
    if path.is_symlink() and not path.exists():
        raise FileError(f"{path} is a symbolic link to nothing: mend it, or remove it")
    files.make_private(path)
    files.refuse_odd(Path(os.path.realpath(path)))


def _opened(path: Path) -> SqliteSession:
    session = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=SqliteSession,
    )
    session.text_factory = texts.read
    return session


def _set_up(session: SqliteSession) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        session.execute(f"PRAGMA {pragma}").close()


def _migrate(session: SqliteSession, path: Path, migrations: Migrations) -> None:
    db = Database(session)
    unknown = unknown_migrations(db, migrations)
    if unknown:
        raise StoreError(
            f"{path} was written by a newer notifier (it knows {', '.join(unknown)}): "
            "install that version again, or restore the copy made before the upgrade"
        )
    pending = migrations.pending(db)
    if pending and migrations.applied(db):
        copy = path.with_name(f"{path.name}.before-{pending[0].name}")
        if copy.is_symlink():
            copy.unlink()
        backup(session, copy)
    if pending:
        # One transaction: all of it or nothing, and a command that opens the
        # database at the same moment waits and then finds nothing to do.
        with session.transaction():
            migrations.apply(db)


def backup(session: SqliteSession, target: Path) -> None:
    """Put an online copy at ``target`` (mode 0600); the WAL's content is in it.

    What was at ``target`` gives way to a copy that is whole, or stays. Raises
    :class:`FileError` where that is not a plain file.
    """
    with files.replacing(target) as made, closing(sqlite3.connect(made)) as copy:
        session.backup(copy)
