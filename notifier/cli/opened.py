"""The database the service uses, for commands that only look or steer.

They need no more of the settings than where it lies: they must work while the
rules are broken and the secrets are somebody else's.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from typer import Abort, BadParameter, Exit

from notifier.cli.output import print_warnings
from notifier.configuration.environment import read_environment
from notifier.configuration.read_settings import read_settings
from notifier.configuration.settings import PREFIX, Settings
from notifier.core.rows import moment_of, ms_of
from notifier.errors import BusyError, ConfigError, FileError, StoreError
from notifier.store.engine import Engine
from notifier.store.opening import engine_at, open_existing
from notifier.store.session import Session
from notifier.store.texts import Watchful

DATABASE = f"{PREFIX}DATABASE"
TEXT = "a stored text cannot be read in full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open database, where it lies, the present, and the settings as far as they go.

    What a command cannot read it names in ``damages``, and goes on.
    """

    session: Session
    engine: Engine
    at: datetime
    settings: Settings
    reader: Watchful
    damages: list[str] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        """The present in milliseconds since 1970."""
        return ms_of(self.at)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of times for people."""
        return self.settings.timezone

    @property
    def interval_ms(self) -> int:
        """The time between polls."""
        return int(self.settings.poll_interval.total_seconds() * 1000)

    def check(self) -> None:
        """Raise :class:`StoreError` where something could not be read, or not in full."""
        if self.damages or self.reader.met:
            raise StoreError(self.engine.damaged(self.damages[0] if self.damages else TEXT))


@contextmanager
def opened() -> Iterator[Opened]:
    """Open the database; raises :class:`StoreError` where there is none."""
    settings = lenient_settings()
    engine, reader = engine_at(settings.database), Watchful()
    with closing(open_existing(engine, read=reader)) as session:
        db = Opened(
            session=session,
            engine=engine,
            # Other hosts read what is written here, and their clocks may differ.
            at=moment_of(session.shared_ms(ms_of(datetime.now(UTC)))),
            settings=settings,
            reader=reader,
        )
        try:
            yield db
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
        except Exception as error:
            if session.is_of_database(error):
                with engine.translated():
                    raise
            # Anything may come of what was damaged; of what was not, it is a bug.
            found = engine.check()
            if found is None:
                raise
            raise StoreError(engine.damaged(found)) from error
        db.check()


@contextmanager
def in_transaction() -> Iterator[Opened]:
    """Open the database for one transaction: the service sees all of it or nothing."""
    with opened() as db, db.session.transaction():
        yield db
        db.check()


def lenient_settings() -> Settings:
    """Return what can be read; only a database that cannot be known is an error."""
    reading = read_settings(read_environment(os.environ, folder=Path.cwd()))
    faults = [fault for fault in reading.faults if fault.where.startswith(DATABASE)]
    if faults:
        raise ConfigError(faults)
    print_warnings((*reading.faults, *reading.warnings))
    return reading.settings
