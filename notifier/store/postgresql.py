"""PostgreSQL: one database on a server, for any number of programs on any hosts."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import structlog

from notifier.errors import BusyError, StoreError
from notifier.store import leases, postgresql_errors, texts, transfer
from notifier.store import postgresql_words as words
from notifier.store.addresses import ServerAddress
from notifier.store.engine import TextReader, opened_read_only
from notifier.store.integrity import first_damage
from notifier.store.postgresql_session import PostgresqlSession
from notifier.store.schema import MIGRATIONS, Migration
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from notifier.store.tables import tables_of

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Postgresql:
    """An :class:`~notifier.store.engine.Engine` for this database of a server."""

    address: ServerAddress
    migrations: tuple[Migration, ...] = MIGRATIONS

    @property
    def name(self) -> str:
        """The URL without its secrets."""
        return self.address.name

    @property
    def file(self) -> Path | None:
        """None: it is the server's."""
        return None

    def exists(self) -> bool:
        """Whether our tables are there; raises BusyError where nobody can know now."""
        with self.translated(), closing(self._session()) as session:
            return _is_there(session)

    def open(self, *, read: TextReader = texts.read) -> PostgresqlSession:  # noqa: ARG002
        """Connect, and bring the schema up to date; whole or not at all."""
        with self.translated():
            session = self._session()
            try:
                self._refuse_encoding(session)
                self._migrate(session)
            except BaseException:
                session.close()
                raise
            return session

    def open_read_only(self) -> PostgresqlSession:
        """Connect to the database as it is, to read."""
        with self.translated():
            return PostgresqlSession(self.address, is_read_only=True)

    def translated(self) -> AbstractContextManager[None]:
        """Turn the driver's errors into ours."""
        return postgresql_errors.translated(self.address)

    def damaged(self, what: str) -> str:
        """Return the sentence about a database part of which cannot be read."""
        return postgresql_errors.damaged(self.address, what)

    def lock(self) -> AbstractContextManager[None]:
        """Hold nothing: any number of programs share the database."""
        return nullcontext()

    def is_running(self) -> bool:
        """Whether a member lives."""
        with opened_read_only(self) as session:
            return bool(leases.living(session, now_ms=session.shared_ms(0)))

    def identity(self) -> object:
        """Return the name: a server that took over is the same database."""
        return self.name

    def changes(self, session: Session) -> int:
        """Return a number that differs once anybody has committed something."""
        return int(session.execute(words.CHANGES).fetchone()[0])

    def refusal(self, target: Path) -> str | None:  # noqa: ARG002
        """Refuse nothing here: :meth:`backup` does."""
        return None

    def backup(self, session: Session, target: Path) -> None:  # noqa: ARG002
        """Raise StoreError: the server has a tool for it."""
        raise StoreError(
            f"{self.name} is a server's: copy it with its own tool, which needs the password "
            f"(~/.pgpass): pg_dump --format=custom --file={target} '{self.name}'"
        )

    def copy(self, target: Path) -> None:
        """Write what the database holds to a new SQLite file; where it is none, nothing."""
        with (
            self.translated(),
            closing(PostgresqlSession(self.address)) as session,
            session.snapshot(),
        ):
            if not _is_there(session):
                return
            with closing(Sqlite(target).open()) as copy, copy.transaction():
                for table in transfer.copied(tables_of(self.migrations)):
                    transfer.copy_rows(table, *session.read(table), copy)

    def fill(self, source: Session, *, host_ms: int) -> None:
        """Create the tables with all that ``source`` holds, as one transaction."""
        tables = tables_of(self.migrations)
        with self.translated(), closing(PostgresqlSession(self.address)) as session:
            self._refuse_encoding(session)
            with session.migrating():
                self._refuse_tables(session, tables)
                self._apply(session, self.migrations)
                for table in transfer.copied(tables):
                    self._fill_table(table, source, session)
                # Its clock begins elsewhere.
                by_ms = session.shared_ms(host_ms) - source.shared_ms(host_ms)
                session.execute("UPDATE requests SET at_ms = at_ms + :by_ms", {"by_ms": by_ms})
                session.number_on()

    def _fill_table(self, table: str, source: Session, session: PostgresqlSession) -> None:
        try:
            transfer.copy_rows(table, *transfer.rows_in(source, table), session)
        except postgresql_errors.UNSTORABLE as error:
            # Without its words, which quote what is stored.
            raise StoreError(
                f"{self.name} cannot store a row of table {table} ({type(error).__name__}): "
                "nothing was moved; `notifier doctor` looks for damage of the file"
            ) from None

    def _refuse_tables(self, session: PostgresqlSession, tables: Sequence[str]) -> None:
        found = session.spread(words.TABLES_THERE, {"names": list(tables)}).fetchall()
        if found:
            names = ", ".join(sorted(name for (name,) in found))
            raise StoreError(
                f"{self.name} is not empty: it has {names}; create another database for it"
            )

    def check(self) -> str | None:
        """Return where the first thing is that cannot be read, ``None`` where all can."""
        with self.translated(), closing(self.open_read_only()) as session, session.patient():
            return first_damage(session, tables_of(self.migrations))

    def leave_no_trace(self, session: Session) -> bool:
        """Clean up what was deleted, as far as others who still look at it let it.

        The server's log of changes keeps it for a while, and freed space until it is used.
        """
        assert isinstance(session, PostgresqlSession)
        with self.translated(), session.patient():
            session.execute(f"VACUUM {', '.join(tables_of(self.migrations))}")
        return True

    def _session(self) -> PostgresqlSession:
        return PostgresqlSession(self.address)

    def _refuse_encoding(self, session: PostgresqlSession) -> None:
        (encoding,) = session.execute(words.ENCODING).fetchall()[0]
        if encoding != "UTF8":
            raise StoreError(
                f"{self.name} keeps texts as {encoding}, which cannot write every name: create "
                "it anew with `createdb --encoding=UTF8 --template=template0 NAME`"
            )

    def _migrate(self, session: PostgresqlSession) -> None:
        if self._pending(session) == ():
            return
        with session.migrating():
            pending = self._pending(session)
            is_new = len(pending) == len(self.migrations)
            if not is_new and any(one.needs_to_be_alone for one in pending):
                self._refuse_members(session)
            self._apply(session, pending)
        if pending and not is_new:
            log.info("schema_upgraded", database=self.name, steps=[one.name for one in pending])

    def _refuse_members(self, session: PostgresqlSession) -> None:
        there = leases.living(session, now_ms=session.shared_ms(0))
        if there:
            raise BusyError(
                f"{self.name} cannot be upgraded while older programs run on it: stop "
                f"{', '.join(one.name for one in there)} first"
            )

    def _apply(self, session: PostgresqlSession, steps: Iterable[Migration]) -> None:
        for step in steps:
            step.apply(session)
            session.execute(words.REMEMBER, {"name": step.name})

    def _pending(self, session: PostgresqlSession) -> tuple[Migration, ...]:
        """Return the steps to apply; raises StoreError where a newer program was here."""
        if not _is_there(session):
            return self.migrations
        applied = [name for (name,) in session.execute(words.APPLIED).fetchall()]
        known = {one.name for one in self.migrations}
        if unknown := [name for name in applied if name not in known]:
            raise StoreError(
                f"{self.name} was written by a newer notifier (it knows {', '.join(unknown)}): "
                "install that version again, or restore the copy made before the upgrade"
            )
        return tuple(one for one in self.migrations if one.name not in applied)


def _is_there(session: PostgresqlSession) -> bool:
    return bool(session.execute(words.IS_THERE).fetchall()[0][0])
