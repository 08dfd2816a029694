"""SQLite: one file on this host, for one program and its commands.

Power cuts: in WAL mode with ``synchronous=FULL`` a commit returns after the WAL
frames were fsynced, so what is committed survives; recovery drops a torn tail.
``NORMAL`` would keep the file sound but could forget the newest commits, and an
outbox that forgets is none.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database, Migrations

from notifier import files
from notifier.errors import FileError, StoreError
from notifier.store import lock, sqlite_session, texts
from notifier.store.engine import TextReader, opened_read_only
from notifier.store.integrity import first_damage
from notifier.store.schema import MIGRATIONS, Migration
from notifier.store.session import Session
from notifier.store.sqlite_session import SqliteSession, connected, translated

BESIDE = ("-wal", "-shm", "-journal", lock.END)


@dataclass(frozen=True, slots=True)
class Sqlite:
    """An :class:`~notifier.store.engine.Engine` for this file."""

    file: Path
    migrations: tuple[Migration, ...] = MIGRATIONS

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.file)

    def exists(self) -> bool:
        """Whether the file is there."""
        return self.file.exists()

    def open(self, *, read: TextReader = texts.read) -> SqliteSession:
        """Open (or create, mode 0600) the database and bring its schema up to date.

        Raises :class:`StoreError` for an unreadable, corrupt or newer file, and
        :class:`FileError` for what is no file.
        """
        with self.translated():
            self._create_private()
            session = connected(self.file)
            try:
                session.text_factory = read
                for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                    session.execute(f"PRAGMA {pragma}").close()
                self._migrate(session)
            except BaseException:
                session.close()
                raise
            return session

    def open_read_only(self) -> SqliteSession:
        """Open the file as it is, whatever its schema, to read."""
        with self.translated():
            session = connected(f"{self.file.absolute().as_uri()}?mode=ro", uri=True)
            session.text_factory = texts.read
            return session

    def translated(self) -> AbstractContextManager[None]:
        """Turn SQLite's errors into ours."""
        return translated(self.file)

    def damaged(self, what: str) -> str:
        """Return the sentence about a file part of which cannot be read."""
        return sqlite_session.damaged(self.file, what)

    def lock(self) -> AbstractContextManager[None]:
        """Hold the lock file beside the database."""
        return lock.instance_lock(self.file)

    def is_running(self) -> bool:
        """Whether a program holds the lock file."""
        return lock.is_running(self.file)

    def identity(self) -> object:
        """Return the file's device and number, ``None`` where it is gone."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def changes(self, session: Session) -> int:
        """Return SQLite's own count of what others have committed."""
        return int(session.execute("PRAGMA data_version").fetchone()[0])

    def refusal(self, target: Path) -> str | None:
        """Refuse the database, and what SQLite and a running notifier keep beside one."""
        if target.exists() and target.samefile(self.file):
            return f"{target} is the database itself"
        for end in BESIDE:
            whole = target.with_name(target.name.removesuffix(end))
            if whole != target and whole.exists():
                return f"{target} is part of the database {whole} while it is used"
        return None

    def backup(self, session: Session, target: Path) -> None:
        """Put an online copy at ``target`` (mode 0600); the WAL's content is in it.

        Raises :class:`FileError` where something other than a plain file is there.
        """
        assert isinstance(session, SqliteSession)
        with (
            translated(target),
            files.replacing(target) as made,
            closing(sqlite3.connect(made)) as copy,
        ):
            session.backup(copy)

    def copy(self, target: Path) -> None:
        """Write what the file holds to ``target``; where there is none, nothing."""
        if not self.file.exists():
            return
        files.make_private(target)
        # Without a WAL nobody is writing, and SQLite is told so: it would make one to read.
        is_used = self.file.with_name(f"{self.file.name}-wal").exists()
        how = "mode=ro" if is_used else "mode=ro&immutable=1"
        with (
            self.translated(),
            closing(connected(f"{self.file.absolute().as_uri()}?{how}", uri=True)) as session,
            closing(sqlite3.connect(target)) as copied,
        ):
            session.backup(copied)

    def check(self) -> str | None:
        """Return where the first damage is, of the file's pages or of what they hold."""
        with opened_read_only(self) as session:
            (told,) = session.execute("PRAGMA quick_check(1)").fetchone()
            if told != "ok":
                return "its pages do not fit together"
            tables = session.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return first_damage(session, sorted(name for (name,) in tables.fetchall()))

    def leave_no_trace(self, session: Session) -> bool:
        """Rewrite the file and empty its log, so that no freed page tells of anybody.

        False where other connections, or a full disk, did not let it come to its end;
        the database is whole either way. Call it outside of any transaction.
        """
        try:
            session.execute("VACUUM")
            (busy, *_) = session.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        return not busy

    def _create_private(self) -> None:
        # Created before SQLite opens it: the WAL files inherit its mode. The file may lie
        # elsewhere, but where the link leads to nothing, a disk may not be mounted yet.
        if self.file.is_symlink() and not self.file.exists():
            problem = f"{self.file} is a symbolic link to nothing"
            raise FileError(f"{problem}: mend it, or remove it")
        files.make_private(self.file)
        files.refuse_odd(Path(os.path.realpath(self.file)))

    def _migrate(self, session: SqliteSession) -> None:
        db, migrations = Database(session), _registered(session, self.migrations)
        applied = {one.name for one in migrations.applied(db)}
        unknown = sorted(applied - {one.name for one in self.migrations})
        if unknown:
            raise StoreError(
                f"{self.file} was written by a newer notifier (it knows {', '.join(unknown)}): "
                "install that version again, or restore the copy made before the upgrade"
            )
        pending = migrations.pending(db)
        if pending and applied:
            copy = self.file.with_name(f"{self.file.name}.before-{pending[0].name}")
            if copy.is_symlink():
                copy.unlink()
            self.backup(session, copy)
        if pending:
            # One transaction: all of it or nothing, and a command that opens the
            # database at the same moment waits and then finds nothing to do.
            with session.transaction():
                migrations.apply(db)


def memory() -> SqliteSession:
    """Return a new database in memory with the tables of today."""
    session = connected(":memory:")
    session.execute("PRAGMA foreign_keys=ON").close()
    _registered(session, MIGRATIONS).apply(Database(session))
    return session


def _registered(session: Session, steps: tuple[Migration, ...]) -> Migrations:
    migrations = Migrations("notifier")
    for step in steps:
        migrations(name=step.name)(_run_by(session, step))
    return migrations


def _run_by(session: Session, step: Migration) -> Callable[[Database], None]:
    return lambda _: step.apply(session)
