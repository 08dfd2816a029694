"""A test's database, on each engine in its turn: where tests of both open it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from notifier.store.addresses import server_address
from notifier.store.engine import Engine
from notifier.store.opening import Place
from notifier.store.postgresql import Postgresql
from notifier.store.schema import MIGRATIONS, Migration
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from support.postgres import Server

ENGINES = ("sqlite", "postgresql")


@dataclass(slots=True)
class Database:
    """A database that is made when it is first asked for; ``server`` is ``None`` for SQLite.

    In ``folder`` lies the file of the one, and nothing of the other.
    """

    folder: Path
    server: Server | None = None
    _url: str | None = None
    _more: list[str] = field(default_factory=list)

    @property
    def is_file(self) -> bool:
        return self.server is None

    @property
    def place(self) -> Place:
        """What NOTIFIER_DATABASE says."""
        if self.server is None:
            return self.folder / "notifier.db"
        if self._url is None:
            self._url = self.server.database()
        return SecretStr(self._url)

    @property
    def setting(self) -> str:
        place = self.place
        return str(place) if isinstance(place, Path) else place.get_secret_value()

    @property
    def engine(self) -> Engine:
        return self.of()

    def of(self, migrations: tuple[Migration, ...] = MIGRATIONS) -> Engine:
        """Return the engine of a program with these migrations."""
        place = self.place
        if isinstance(place, Path):
            return Sqlite(place, migrations)
        return Postgresql(server_address(place), migrations)

    def open(self) -> Session:
        return self.engine.open()

    def empty(self) -> "Database":
        """Return another one, that nobody has opened yet."""
        if self.server is None:
            return Database(self.folder / "another")
        self._more.append(self.server.database(empty=True))
        return Database(self.folder, self.server, self._more[-1])

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return what a query finds, on a connection of its own."""
        with closing(self.engine.look()) as session:
            return session.execute(query).fetchall()

    def close(self) -> None:
        if self.server is not None:
            for url in filter(None, (self._url, *self._more)):
                self.server.drop(url)
