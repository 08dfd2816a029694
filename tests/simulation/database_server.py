"""A database as a server keeps it: several members write to it, not all can reach it.

SQLite stands behind it, so that one transaction comes after the other; that PostgreSQL turns
one away, which is then begun anew, is drawn.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import ClassVar, TypeVar

from notifier.store.sqlite import Sqlite
from simulation.disk import Disk, FaultyEngine, FaultySession

T = TypeVar("T")
TURNED_AWAY = 0.03


class _TurnedAwayError(Exception):
    """Another transaction was in the way."""


@dataclass(slots=True)
class Way(Disk):
    """One member's way to the database; ``now_ms`` is the server's clock.

    ``loses_after`` so many commits an answer gets lost: nobody knows that it is done.
    """

    now_ms: Callable[[], int] = lambda: 0
    rng: Random = field(default_factory=Random)
    is_cut: bool = False
    loses_after: int = 0
    met_cut: int = 0
    met_lost: int = 0

    def reached(self) -> None:
        """Fail where nothing comes through."""
        if self.is_cut:
            self.met_cut += 1
            raise _unreachable()

    def committed(self) -> None:
        """Lose the answer, where that was drawn."""
        Disk.committed(self)
        if self.loses_after:
            self.loses_after -= 1
            if not self.loses_after:
                self.met_lost += 1
                raise _unreachable()


class ServerSession(FaultySession):
    """A session with a server, over a way that may fail."""

    _disk: Way

    def whole(self, function: Callable[[], T]) -> T:
        """Run the function as one transaction, now and then for the second time."""
        if self._disk.rng.random() < TURNED_AWAY:
            with suppress(_TurnedAwayError), self._inner.transaction():
                function()
                raise _TurnedAwayError
        return super().whole(function)

    def shared_ms(self, host_ms: int) -> int:
        """Return the server's time."""
        del host_ms
        return self._disk.now_ms()


class ServerEngine(FaultyEngine):
    """SQLite's engine, as a server's."""

    session_type: ClassVar[type[FaultySession]] = ServerSession
    file = None


def engine_over(way: Way, place: object) -> ServerEngine:
    """Return the engine of a member whose way to the database this is."""
    return ServerEngine(Sqlite(Path(str(place))), way)


def _unreachable() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("server closed the connection unexpectedly")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error
