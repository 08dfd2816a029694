"""The database file and the one thread that owns its connection.

Power cuts: in WAL mode with ``synchronous=FULL`` a commit returns after the WAL
frames were fsynced, so what is committed survives; recovery drops a torn tail.
``NORMAL`` would keep the file sound but could forget the newest commits, and an
outbox that forgets is none.
"""

import asyncio
import logging
import os
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlite_utils import Database, Migrations

from notifier import files
from notifier.errors import BusyError, FileError, StoreError
from notifier.store import texts
from notifier.store.parts import OURS, part
from notifier.store.schema import MIGRATIONS, unknown_migrations

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 10_000

# Not structlog's: every command loads this, and few log anything.
log = logging.getLogger("notifier")


def connect(path: Path, *, migrations: Migrations = MIGRATIONS) -> Database:
    """Open (or create, mode 0600) the database and bring its schema up to date.

    Raises :class:`StoreError` for an unreadable, corrupt or newer file, and
    :class:`FileError` for what is no file.
    """
    with translated(path):
        _create_private(path)
        db = _opened(path)
        try:
            _set_up(db)
            _migrate(db, path, migrations)
        except BaseException:
            db.close()
            raise
        return db


def connect_existing(path: Path) -> Database:
    """Open a database for a command that only looks or steers; never creates one."""
    if not path.exists():
        raise StoreError(
            f"there is no database at {path}: `notifier run` creates it; "
            "is NOTIFIER_DATABASE set as the service has it?"
        )
    return connect(path)


def connect_read_only(path: Path) -> Database:
    """Open a database as it is, whatever its schema: nothing is created or upgraded."""
    with translated(path):
        uri = f"{path.absolute().as_uri()}?mode=ro"
        return Database(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000))


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


class Store:
    """Runs whole transactions on the database thread: ``await store.run(f, …)``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._riders: deque[Callable[[Database], object]] = deque()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")
        try:
            self._db = self._thread.submit(connect, path).result()
        except BaseException:
            self._thread.shutdown()
            raise
        self._place = _place(path)

    def is_in_place(self) -> bool:
        """Whether the file under the path is still the one that is open."""
        return _place(self.path) == self._place

    async def run(
        self,
        function: Callable[Concatenate[Database, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(db, …)`` as one transaction.

        Cancelling the awaiting task does not stop the thread: the transaction
        still ends as a whole. Raises :class:`StoreError` or :class:`BusyError`.
        """

        def whole() -> T:
            with translated(self.path), self._taking_along():
                return function(self._db, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, whole)

    async def look(
        self,
        function: Callable[Concatenate[Database, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run ``function(db, …)`` without a transaction, for a single SELECT or PRAGMA."""

        def plain() -> T:
            with translated(self.path):
                self._take_along()
                return function(self._db, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, plain)

    def soon(
        self,
        function: Callable[Concatenate[Database, P], object],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Let ``function(db, …)`` ride along with the next transaction that writes.

        A look takes it along, too, and so does the close. For what is written at every
        turn and only looked at: it costs no commit of its own, but a kill may lose it.
        """
        self._riders.append(lambda db: function(db, *args, **kwargs))

    def close(self) -> None:
        """Finish what the thread is doing, then close the connection."""
        self._thread.submit(self._close).result()
        self._thread.shutdown()

    def _close(self) -> None:
        with suppress(StoreError, BusyError), translated(self.path):
            self._take_along()
        self._db.close()

    def _take_along(self) -> None:
        # A full disk or a lock must hide nothing from who only looks: they wait on.
        if self._riders:
            with suppress(sqlite3.OperationalError), self._taking_along(always=True):
                pass

    @contextmanager
    def _taking_along(self, *, always: bool = False) -> Iterator[None]:
        """Run the block as one transaction, and if it writes, what waits for one, too."""
        riders: tuple[Callable[[Database], object], ...] = ()
        with transaction(self._db):
            before = self._db.conn.total_changes
            yield
            if always or self._db.conn.total_changes != before:
                riders = tuple(self._riders)
                for rider in riders:
                    with part(self._db) as one:
                        rider(self._db)
                    if one.fault:  # it must not spoil every transaction to come
                        log.error("rider_crashed", exc_info=one.fault)
        # Not sooner: those of a transaction that failed wait for the next.
        for _ in riders:
            self._riders.popleft()


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


def _place(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from others, ``None`` where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _create_private(path: Path) -> None:
    # Created before SQLite opens it: the WAL files inherit its mode. The file may lie
    # elsewhere, but where the link leads to nothing, a disk may not be mounted yet.
    if path.is_symlink() and not path.exists():
        raise FileError(f"{path} is a symbolic link to nothing: mend it, or remove it")
    files.make_private(path)
    files.refuse_odd(Path(os.path.realpath(path)))


def _opened(path: Path) -> Database:
    connection = sqlite3.connect(
        path,
        timeout=BUSY_TIMEOUT_MS / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    connection.text_factory = texts.read
    return Database(connection)


def _set_up(db: Database) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        db.execute(f"PRAGMA {pragma}").close()


def _migrate(db: Database, path: Path, migrations: Migrations) -> None:
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
        backup(db, copy)
    if pending:
        # One transaction: all of it or nothing, and a command that opens the
        # database at the same moment waits and then finds nothing to do.
        with transaction(db):
            migrations.apply(db)


def backup(db: Database, target: Path) -> None:
    """Put an online copy at ``target`` (mode 0600); the WAL's content is in it.

    What was at ``target`` gives way to a copy that is whole, or stays. Raises
    :class:`FileError` where that is not a plain file.
    """
    with files.replacing(target) as made, closing(sqlite3.connect(made)) as copy:
        db.conn.backup(copy)
