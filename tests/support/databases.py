"""A test's database, on each engine in its turn: where tests of both open it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

from psycopg.abc import Params
from pydantic import SecretStr

from notifier.store.addresses import server_address
from notifier.store.engine import Engine
from notifier.store.opening import Place
from notifier.store.postgresql import Postgresql
from notifier.store.postgresql_connection import Found
from notifier.store.postgresql_session import PostgresqlSession
from notifier.store.schema import MIGRATIONS, Migration
from notifier.store.session import Rows, Session, Values
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
    _number: int = 0
    _more: list[str] = field(default_factory=list)

    @property
    def is_file(self) -> bool:
        return self.server is None

    @property
    def place(self) -> Place:
        """What NOTIFIER_DATABASE says."""
        if self.server is None:
            self.folder.mkdir(exist_ok=True)
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

    def another(self) -> "Database":
        """Return another one beside it; whoever asked for it closes it."""
        self._number += 1
        return Database(self.folder / f"another{self._number}", self.server)

    def empty(self) -> "Database":
        """Return another one, that nobody has opened yet."""
        if self.server is None:
            return self.another()
        self._more.append(self.server.database(empty=True))
        return Database(self.folder, self.server, self._more[-1])

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return what a query finds, on a connection of its own."""
        with closing(self.engine.open_read_only()) as session:
            return session.execute(query).fetchall()

    def close(self) -> None:
        if self.server is not None:
            if self._url:
                self.server.give_back(self._url)
            for url in self._more:
                self.server.drop(url)


class Planned(Found):
    """Keeps a statement with values prepared, once it has come often."""

    def execute(self, query: Any, params: Params | None = None, **how: Any) -> Self:
        return super().execute(query, params, **how | {"prepare": None if params else False})


def plan_once(session: Session) -> None:
    """Let a server plan a statement no more that this session has run five times.

    Ours has each planned anew, since behind a pooler no connection is the last one.
    """
    assert isinstance(session, PostgresqlSession)
    assert session._connection
    session._connection.prepare_threshold = 5
    session._connection.cursor_factory = Planned


def poison(db: Session, event: str, table: str, condition: str) -> None:
    """Let the database refuse rows: those of which the condition holds, as ``NEW``.

    ``event`` is INSERT or UPDATE. It is an integrity error, until :func:`cured`.
    """
    begin = f"CREATE TRIGGER poison BEFORE {event} ON {table}"
    if isinstance(db, PostgresqlSession):
        db.execute(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '23000'; END $$"
        )
        db.execute(f"{begin} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION poison()")
    else:
        db.execute(f"{begin} WHEN {condition} BEGIN SELECT RAISE(ABORT, 'no'); END")


def cured(db: Session, table: str) -> None:
    """Take the poison away."""
    if isinstance(db, PostgresqlSession):
        db.execute(f"DROP TRIGGER poison ON {table}")
        db.execute("DROP FUNCTION poison")
    else:
        db.execute("DROP TRIGGER poison")


def poisoned(db: Session) -> str:
    """Return what the error is called that poison brings about."""
    is_server = isinstance(db, PostgresqlSession)
    return "IntegrityConstraintViolation" if is_server else "IntegrityError"


@dataclass(slots=True)
class Overheard:
    """A session whose statements are ``heard``, each with how many rows it met."""

    session: Session
    heard: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session) -> tuple[Session, list[tuple[str, int]]]:
        """Return a session to use in place of this one, and the list of what it hears."""
        made = cls(session)
        return cast("Session", made), made.heard

    def execute(self, sql: str, values: Values = {}, /) -> Rows:  # noqa: B006
        return self._hear(sql, self.session.execute(sql, values))

    def spread(self, sql: str, values: Values, /) -> Rows:
        return self._hear(sql, self.session.spread(sql, values))

    def _hear(self, sql: str, found: Rows) -> Rows:
        self.heard.append((sql, found.rowcount))
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)
