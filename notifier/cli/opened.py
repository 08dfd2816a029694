"""The database the service uses, for commands that only look or steer.

They need no more of the settings than where it lies: they must work while the
rules are broken and the secrets are somebody else's.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from typer import Abort, BadParameter, Exit

from notifier.cli.output import print_warnings
from notifier.configuration.environment import read_environment
from notifier.configuration.settings import PREFIX, Settings, read_settings
from notifier.core.rows import ms_of
from notifier.errors import BusyError, ConfigError, FileError, StoreError
from notifier.store.faults import damaged, translated
from notifier.store.opening import connect_existing
from notifier.store.soundness import first_damage
from notifier.store.sqlite import SqliteSession
from notifier.store.texts import Watchful

DATABASE = f"{PREFIX}DATABASE"
TEXT = "a stored text cannot be read in full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open database, where it lies, the present, and the zone of times for people.

    ``interval_ms`` is the time between polls. What a command cannot read it names in
    ``damages``, and goes on.
    """

    session: SqliteSession
    path: Path
    at: datetime
    zone: ZoneInfo
    interval_ms: int
    damages: list[str] = field(default_factory=list)
    reader: Watchful = field(default_factory=Watchful)

    @property
    def now_ms(self) -> int:
        """The present in milliseconds since 1970."""
        return ms_of(self.at)

    def check(self) -> None:
        """Raise :class:`StoreError` where something could not be read, or not in full."""
        if self.damages or self.reader.met:
            raise StoreError(damaged(self.path, self.damages[0] if self.damages else TEXT))


@contextmanager
def opened() -> Iterator[Opened]:
    """Open the database; raises :class:`StoreError` where there is none."""
    settings = lenient_settings()
    path = settings.database
    with closing(connect_existing(path)) as session:
        desk = Opened(
            session=session,
            path=path,
            at=datetime.now(UTC),
            zone=settings.timezone,
            interval_ms=int(settings.poll_interval.total_seconds() * 1000),
        )
        session.text_factory = desk.reader
        try:
            yield desk
        except (
            BadParameter,
            Exit,
            Abort,
            OSError,
            StoreError,
            BusyError,
            ConfigError,
            FileError,
        ):
            raise  # an OSError is about what the command prints or writes elsewhere
        except sqlite3.Error:
            with translated(path):
                raise
        except Exception as error:
            # Anything may come of what was damaged; of what was not, it is a bug.
            with translated(path):
                found = first_damage(session)
            if found is None:
                raise
            raise StoreError(damaged(path, found)) from error
        desk.check()


@contextmanager
def whole() -> Iterator[Opened]:
    """Open the database for one transaction: the service sees all of it or nothing."""
    with opened() as desk, desk.session.transaction():
        yield desk
        desk.check()


def lenient_settings() -> Settings:
    """Return what can be read; only a database that cannot be known is an error."""
    reading = read_settings(read_environment(os.environ, folder=Path.cwd()))
    faults = [fault for fault in reading.faults if fault.where.startswith(DATABASE)]
    if faults:
        raise ConfigError(faults)
    print_warnings((*reading.faults, *reading.warnings))
    return reading.settings
