"""The database the service uses, for commands that only look or steer.

They need no more of the settings than where it lies: they must work while the
rules are broken and the secrets are somebody else's.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from notifier.cli.output import print_warnings
from notifier.environment import read_environment
from notifier.errors import ConfigError
from notifier.rows import ms_of
from notifier.settings import PREFIX, Settings, read_settings
from notifier.store.db import connect_existing, transaction, translated

DATABASE = f"{PREFIX}DATABASE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open database, where it lies, the present, and the zone of times for people.

    ``interval_ms`` is the time between polls.
    """

    db: Database
    path: Path
    at: datetime
    zone: ZoneInfo
    interval_ms: int

    @property
    def now_ms(self) -> int:
        """The present in milliseconds since 1970."""
        return ms_of(self.at)


@contextmanager
def opened() -> Iterator[Opened]:
    """Open the database; raises :class:`StoreError` where there is none."""
    settings = lenient_settings()
    path = settings.database
    with closing(connect_existing(path)) as db:
        try:
            yield Opened(
                db=db,
                path=path,
                at=datetime.now(UTC),
                zone=settings.timezone,
                interval_ms=int(settings.poll_interval.total_seconds() * 1000),
            )
        except sqlite3.Error:
            # Not an OSError: that is about what the command prints or writes elsewhere.
            with translated(path):
                raise


@contextmanager
def whole() -> Iterator[Opened]:
    """Open the database for one transaction: the service sees all of it or nothing."""
    with opened() as desk, transaction(desk.db):
        yield desk


def lenient_settings() -> Settings:
    """Return what can be read; only a database that cannot be known is an error."""
    reading = read_settings(read_environment(os.environ, folder=Path.cwd()))
    faults = [fault for fault in reading.faults if fault.where.startswith(DATABASE)]
    if faults:
        raise ConfigError(faults)
    print_warnings((*reading.faults, *reading.warnings))
    return reading.settings
