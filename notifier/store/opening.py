"""Which engine a database has, and opening one."""

from pathlib import Path

from notifier.errors import StoreError
from notifier.store import sqlite, texts
from notifier.store.engine import Engine, TextReader
from notifier.store.session import Session


def engine_at(place: Path) -> Engine:
    """Return the engine of the database at this place."""
    return sqlite.Sqlite(place)


def open_existing(engine: Engine, *, read: TextReader = texts.read) -> Session:
    """Open a database for a command that only looks or steers; never creates one."""
    if not engine.exists():
        raise StoreError(
            f"there is no database at {engine.name}: `notifier run` creates it; "
            "is NOTIFIER_DATABASE set as the service has it?"
        )
    return engine.open(read=read)


def memory() -> Session:
    """Return a new database that is gone with its session."""
    return sqlite.memory()
