"""Which engine a database has, and opening one."""

from pathlib import Path
from pkgutil import resolve_name
from typing import TypeAlias, cast

from pydantic import SecretStr

from notifier.errors import ConfigError, Fault, StoreError
from notifier.store import sqlite, texts
from notifier.store.addresses import server_address
from notifier.store.engine import Engine, Server, TextReader
from notifier.store.session import Session

Place: TypeAlias = Path | SecretStr
"""A file on this host, or the URL of a server's database."""


def engine_at(place: Place) -> Engine:
    """Return the engine of the database at this place.

    Raises :class:`ConfigError` where it needs an extra that is not installed.
    """
    return sqlite.Sqlite(place) if isinstance(place, Path) else server_at(place)


def server_at(url: SecretStr) -> Server:
    """Return the engine of a server's database.

    Raises :class:`ConfigError` where it needs an extra that is not installed.
    """
    try:
        postgresql = resolve_name("notifier.store.postgresql:Postgresql")
    except ImportError:
        problem = "PostgreSQL needs an extra that is not installed"
        remedy = "pip install 'notifier[postgresql]'"
        fault = Fault(where="NOTIFIER_DATABASE", problem=problem, remedy=remedy)
        raise ConfigError([fault]) from None
    return cast("Server", postgresql(server_address(url)))


def place_from(place: Place, folder: Path) -> Place:
    """Return the place as somebody in ``folder`` means it."""
    return folder / place if isinstance(place, Path) else place


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
