"""SQLite on a simulated disk: it fills, and its process dies within a transaction."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from notifier.store import texts
from notifier.store.engine import TextReader
from notifier.store.schema import MIGRATIONS, Migration
from notifier.store.session import Session, Values
from notifier.store.sqlite import Sqlite
from notifier.store.sqlite_session import SqliteSession
from simulation.loop import KilledError

T = TypeVar("T")
V = TypeVar("V")

NONE: Values = {}


class Moment(StrEnum):
    """Where in its work with the database a process dies."""

    STATEMENT = "after a statement"
    COMMIT = "before a commit"
    COMMITTED = "after a commit"


@dataclass(slots=True)
class Disk:
    """What the simulated disk does; ``dies`` counts down to the moment of a death.

    ``fills_after`` so many commits it is full.
    """

    is_full: bool = False
    fills_after: int = 0
    dies: tuple[Moment, int] | None = None
    met_full: int = 0
    died: list[Moment] = field(default_factory=list)
    open_sessions: list["FaultySession"] = field(default_factory=list)

    def reached(self) -> None:
        """Be there: a file always is."""

    def passes(self, moment: Moment) -> None:
        """Die here, where that was drawn."""
        if self.dies is None or self.dies[0] is not moment:
            return
        left = self.dies[1] - 1
        self.dies = (moment, left)
        if left <= 0:
            self.dies = None
            self.died.append(moment)
            raise KilledError

    def committed(self) -> None:
        """Be full from now on, where that was drawn."""
        if self.fills_after:
            self.fills_after -= 1
            self.is_full = self.is_full or not self.fills_after

    def writes(self) -> None:
        """Fail where the disk is full."""
        if self.is_full:
            self.met_full += 1
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    def crash(self) -> None:
        """Take the sessions of a dead process away: what they had not committed is undone."""
        for session in self.open_sessions:
            session.abandon()
        self.open_sessions.clear()


class FaultySession:
    """A session that asks the disk before each step."""

    def __init__(self, inner: SqliteSession, disk: Disk) -> None:
        self._inner, self._disk = inner, disk
        self._is_abandoned = False

    def abandon(self) -> None:
        """Close the connection in the middle of whatever it did."""
        self._is_abandoned = True
        self._inner.close()

    def execute(self, sql: str, values: Values = NONE, /) -> sqlite3.Cursor:
        return self._done(self._inner.execute, sql, values)

    def spread(self, sql: str, values: Values, /) -> sqlite3.Cursor:
        return self._done(self._inner.spread, sql, values)

    def executemany(self, sql: str, rows: Iterable[Values], /) -> object:
        return self._done(self._inner.executemany, sql, rows)

    def define(self, sql: str) -> None:
        self._lives()
        self._inner.define(sql)
        self._disk.passes(Moment.STATEMENT)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._lives()
        with self._inner.transaction():
            before = self._inner.total_changes
            yield
            if self._inner.total_changes != before:
                self._disk.writes()
                self._disk.passes(Moment.COMMIT)
        if self._inner.total_changes != before:
            self._disk.committed()
            self._disk.passes(Moment.COMMITTED)

    def whole(self, function: Callable[[], T]) -> T:
        with self.transaction():
            return function()

    def is_of_database(self, error: Exception) -> bool:
        return self._inner.is_of_database(error)

    def shared_ms(self, host_ms: int) -> int:
        return self._inner.shared_ms(host_ms)

    def overwrite_freed(self) -> None:
        self._inner.overwrite_freed()

    def close(self) -> None:
        if not self._is_abandoned:
            self._inner.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _lives(self) -> None:
        if self._is_abandoned:
            raise KilledError
        self._disk.reached()

    def _done(self, statement: Callable[[str, V], T], sql: str, values: V) -> T:
        """Do what a living process does; it may die once something was written."""
        self._lives()
        before = self._inner.total_changes
        result = statement(sql, values)
        if self._inner.total_changes != before:
            self._disk.passes(Moment.STATEMENT)
        return result


@dataclass(frozen=True, slots=True)
class FaultyEngine:
    """SQLite's engine, whose sessions ask the disk."""

    inner: Sqlite
    disk: Disk
    session_type: ClassVar[type[FaultySession]] = FaultySession

    def open(self, *, read: TextReader = texts.read) -> FaultySession:
        """Open the database; it dies with its process."""
        session = self.session_type(self.inner.open(read=read), self.disk)
        self.disk.open_sessions.append(session)
        return session

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold nothing: one simulated process lives at a time, and a dead one holds none."""
        yield

    def changes(self, session: FaultySession) -> int:
        return int(session.execute("PRAGMA data_version").fetchone()[0])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def engine_on(disk: Disk) -> Callable[[object], Any]:
    """Return what makes an engine of a path."""
    steps = tuple(replace(one, apply=partial(_upgraded, disk, one)) for one in MIGRATIONS)
    return lambda place: FaultyEngine(Sqlite(Path(str(place)), steps), disk)


def _upgraded(disk: Disk, step: Migration, session: Session) -> None:
    """Apply a step of the schema, whose statements ask the disk, too."""
    assert isinstance(session, SqliteSession)
    disk.writes()
    step.apply(cast("Session", FaultySession(session, disk)))
