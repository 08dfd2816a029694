"""A place where a database is, or will be: what can be done with it as a whole."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeAlias

from notifier.store import texts
from notifier.store.session import Session

TextReader: TypeAlias = Callable[[bytes], str]
"""Gives the text of stored bytes that may be no UTF-8, where an engine has such."""


class Engine(Protocol):
    """Knows the driver. Its verbs raise StoreError or BusyError, with what to do about it."""

    @property
    def name(self) -> str:
        """What people know the database by; it holds no secret."""
        ...

    @property
    def file(self) -> Path | None:
        """The file on this host that holds it all; ``None`` where it is a server's."""
        ...

    def exists(self) -> bool:
        """Whether there is a database already."""
        ...

    def open(self, *, read: TextReader = texts.read) -> Session:
        """Open the database, or create it; bring its schema up to date first.

        An older schema is copied before, or a person is told how to. Refuses a schema of
        a newer program.
        """
        ...

    def open_read_only(self) -> Session:
        """Open the database as it is, to read: nothing is created or upgraded."""
        ...

    def translated(self) -> AbstractContextManager[None]:
        """Turn the driver's errors into ours, each with what to do about it.

        An error of one statement is a bug of ours, and passes.
        """
        ...

    def damaged(self, what: str) -> str:
        """Return the sentence about a database part of which cannot be read."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Be the only program that polls and delivers from the database, for the block.

        Raises BusyError where another one is. It ends with the process, however that
        ends. What counts on it: who starts may release all that is claimed.
        """
        ...

    def is_running(self) -> bool:
        """Whether a program holds the lock."""
        ...

    def identity(self) -> object:
        """Return what tells the database under this name from one put in its place."""
        ...

    def changes(self, session: Session) -> int:
        """Return a number that differs once another session has committed something."""
        ...

    def refusal(self, target: Path) -> str | None:
        """Return why nothing may be written to this file, ``None`` where it may."""
        ...

    def backup(self, session: Session, target: Path) -> None:
        """Put a whole copy into a private file at ``target`` while others go on.

        What was there gives way to a copy that is whole, or stays.
        """
        ...

    def copy(self, target: Path) -> None:
        """Write what the database holds to a new SQLite file; where it is none, nothing.

        Neither the database nor its folder is written to, and it may be in use.
        """
        ...

    def check(self) -> str | None:
        """Read the whole database; return where the first damage is, ``None`` without."""
        ...

    def leave_no_trace(self, session: Session) -> bool:
        """Overwrite all that was deleted; False where that did not come to its end."""
        ...


class Server(Engine, Protocol):
    """An engine whose database a server keeps."""

    def fill(self, source: Session, *, host_ms: int) -> None:
        """Create the database with all that another one holds, whole or not at all.

        Raises StoreError where a table of ours is there already. ``host_ms`` is the present
        by a clock of this host that all its processes share.
        """
        ...


@contextmanager
def opened_read_only(engine: Engine) -> Iterator[Session]:
    """Open the database as it is, to read, for the block."""
    with engine.translated(), closing(engine.open_read_only()) as session:
        yield session
