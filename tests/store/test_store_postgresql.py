"""A server's database: what is peculiar to it, and every way in which it can be away."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from threading import Barrier
from urllib.parse import urlsplit

import pytest
from psycopg import errors
from pydantic import SecretStr
from store_outbox import BODY, NOW_MS

from notifier.errors import BusyError, ConfigError, StoreError
from notifier.store import claims, health
from notifier.store import service_state as notes
from notifier.store.addresses import server_address
from notifier.store.postgresql import Postgresql
from notifier.store.postgresql_session import PostgresqlSession
from notifier.store.savepoints import savepoint
from notifier.store.schema import MIGRATIONS
from notifier.store.tables import tables_of
from support.databases import Database, Overheard
from support.postgres import Server


@pytest.fixture
def there(tmp_path: Path, postgresql_server: Server) -> Iterator[Database]:
    found = Database(tmp_path, postgresql_server)
    yield found
    found.close()


def at(url: str) -> Postgresql:
    return Postgresql(server_address(SecretStr(url)))


def counted(session: PostgresqlSession) -> int:
    """Count up a number as two who do not know each other would: read, then write."""
    count = int(notes.read(session).get("count", "0")) + 1
    notes.put(session, "count", str(count))
    return count


def test_its_tables_are_those_of_the_migrations(there: Database) -> None:
    found = there.rows(
        "SELECT CAST(relname AS TEXT) FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace = CAST('public' AS regnamespace) ORDER BY oid"
    )
    names = [name for (name,) in found]
    assert names == ["notifier_migrations", *tables_of(MIGRATIONS)]


def test_who_is_overtaken_begins_again(there: Database) -> None:
    sessions = [Postgresql(server_address(SecretStr(there.setting))).open() for _ in range(3)]
    together = Barrier(len(sessions))

    def count(session: PostgresqlSession) -> None:
        for _ in range(10):
            together.wait()
            session.whole(lambda: counted(session))

    with ThreadPoolExecutor(len(sessions)) as threads:
        list(threads.map(count, sessions))
    assert notes.read(sessions[0])["count"] == "30"
    for session in sessions:
        session.close()


def test_a_command_waits_until_it_is_alone(there: Database) -> None:
    with closing(there.open()) as service, closing(there.open()) as command:
        together = Barrier(2)

        def serve() -> None:
            def slowly() -> None:
                notes.put(service, "service", "1")
                together.wait()

            service.whole(slowly)

        with ThreadPoolExecutor(1) as threads:
            serving = threads.submit(serve)
            together.wait()
            with command.transaction():
                found = notes.read(command)
            serving.result()
        assert found == {"service": "1"}


def test_an_error_that_was_swallowed_is_no_commit(there: Database) -> None:
    with closing(there.open()) as session:

        def swallow() -> None:
            notes.put(session, "a", "b")
            with suppress(errors.UniqueViolation):
                session.execute("INSERT INTO notes VALUES ('a', 'c')")

        with pytest.raises(errors.InFailedSqlTransaction):
            session.whole(swallow)
        assert notes.read(session) == {}


def test_a_part_that_fails_costs_savepoints_where_all_goes_well_needs_none(
    there: Database,
) -> None:
    with closing(there.open()) as session:
        heard, found = Overheard.of(session)

        def write(last: str) -> None:
            notes.put(session, last, "1")
            with savepoint(heard):
                heard.execute("INSERT INTO notes VALUES (:last, '2')", {"last": f"{last}2"})
            with savepoint(heard):
                heard.execute("INSERT INTO notes VALUES ('taken', '3')")

        session.whole(lambda: write("a"))
        assert [sql for sql, _ in found if "part" in sql] == []
        session.whole(lambda: write("b"))
        assert "ROLLBACK TO part" in [sql for sql, _ in found]
        assert notes.read(session) == {"a": "1", "a2": "2", "b": "1", "b2": "2", "taken": "3"}


def test_a_connection_that_was_lost_is_made_anew(
    there: Database, postgresql_server: Server
) -> None:
    with closing(there.open()) as session:
        notes.put(session, "a", "b")
        _cut_off(postgresql_server, there)
        assert notes.read(session) == {"a": "b"}


def test_a_transaction_that_loses_its_connection_is_not_there(
    there: Database, postgresql_server: Server
) -> None:
    with closing(there.open()) as session:

        def lose() -> None:
            notes.put(session, "a", "b")
            _cut_off(postgresql_server, there)

        with pytest.raises(BusyError, match="try again"), there.engine.translated():
            session.whole(lose)
        assert notes.read(session) == {}


def test_a_server_that_stands_still_is_given_up(
    there: Database, postgresql_server: Server
) -> None:
    if postgresql_server.process is None:
        pytest.skip("processes of a server that somebody else started are let alone")
    with closing(there.open()) as session:
        assert isinstance(session, PostgresqlSession)
        session._patience_s = 0.2
        ((pid,),) = session.execute("SELECT pg_backend_pid()").fetchall()
        os.kill(pid, SIGSTOP)
        try:
            with pytest.raises(BusyError, match="does not answer"), there.engine.translated():
                session.whole(lambda: notes.read(session))
        finally:
            os.kill(pid, SIGCONT)
        session._patience_s = 30
        assert notes.read(session) == {}


def test_a_server_that_has_become_a_standby_is_asked_again(
    there: Database, postgresql_server: Server
) -> None:
    with closing(there.open()) as session:
        name = urlsplit(there.setting).path[1:]
        readonly = f'ALTER DATABASE "{name}" SET default_transaction_read_only'
        postgresql_server.run(f"{readonly} = on")
        _cut_off(postgresql_server, there)
        with (
            pytest.raises(BusyError, match="as a standby does: wait for the fail-over"),
            there.engine.translated(),
        ):
            session.whole(lambda: notes.put(session, "a", "b"))
        postgresql_server.run(f"{readonly} = off")
        session.whole(lambda: notes.put(session, "a", "b"))
        assert notes.read(session) == {"a": "b"}


def test_who_only_looks_cannot_write(there: Database) -> None:
    there.open().close()
    with (
        closing(there.engine.open_read_only()) as session,
        pytest.raises(errors.ReadOnlySqlTransaction, match="only looks"),
    ):
        session.execute("DELETE FROM notes")


def test_who_only_looks_sees_how_everything_stands(there: Database) -> None:
    there.open().close()
    with closing(there.engine.open_read_only()) as session:
        assert health.overview(session, now_ms=0).pending == 0


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_a_claim_among_many_looks_at_few_rows(there: Database, is_analyzed: bool) -> None:
    with closing(there.open()) as session:
        session.execute(
            "INSERT INTO events (id, type, subject, observed_ms, body)"
            " SELECT CAST(n AS TEXT), 't', 's', 0, :body FROM generate_series(1, 2000) AS n",
            {"body": BODY},
        )
        session.execute(
            "INSERT INTO deliveries (event_seq, type, rule, destination, lane_key, bundle,"
            " due_ms, planned_ms, created_ms) SELECT seq, 't', 'r', 'crm', 'b/' || id, id,"
            " seq, seq, 0 FROM events"
        )
        if is_analyzed:
            session.execute("ANALYZE deliveries")
        heard, found = Overheard.of(session)
        assert len(claims.claim(heard, "crm", now_ms=NOW_MS, limit=16)) == 16
        (asked,) = [sql for sql, _ in found if "NOT EXISTS" in sql]
        values = {"destination": "crm", "now_ms": NOW_MS, "limit": 16, "alone": 2}
        plan = session.execute(f"EXPLAIN (ANALYZE, COSTS OFF) {asked}", values).fetchall()
    text = "\n".join(line for (line,) in plan)
    assert "deliveries_lead" in text, text
    assert "Sort" not in text, text


def test_a_commit_of_somebody_else_is_noticed(there: Database) -> None:
    engine = there.engine
    with closing(there.open()) as session, closing(there.open()) as other:
        before = engine.changes(session)
        assert engine.changes(session) == before
        notes.put(other, "a", "b")
        assert engine.changes(session) != before


def test_a_server_that_is_not_there_is_busy_and_names_no_password() -> None:
    with pytest.raises(BusyError, match=r"cannot be reached.*Connection refused") as told:
        at("postgresql://u:s3cret@127.0.0.1:1/db").open()
    assert "s3cret" not in str(told.value)


def test_a_database_that_nobody_created_is_told(postgresql_server: Server) -> None:
    with pytest.raises(BusyError, match="does not exist: create it"):
        at(postgresql_server.url_of("nobody_created_it")).open()


def test_an_option_that_libpq_does_not_know_is_a_fault_of_the_url() -> None:
    with pytest.raises(ConfigError, match="NOTIFIER_DATABASE: invalid URI query parameter"):
        at("postgresql://u:s3cret@127.0.0.1/db?colour=blue").open()


def test_a_user_without_rights_is_told_what_to_grant(
    there: Database, postgresql_server: Server
) -> None:
    empty = there.empty()
    postgresql_server.run("DROP ROLE IF EXISTS guest")
    postgresql_server.run("CREATE ROLE guest LOGIN")
    postgresql_server.run("REVOKE CREATE ON SCHEMA public FROM public", database=empty.setting)
    as_guest = empty.setting.replace("postgres@", "guest@")
    with pytest.raises(StoreError, match=r"permission denied.*make it the owner"):
        at(as_guest).open()
    postgresql_server.run("DROP ROLE guest")


def test_another_encoding_is_refused(postgresql_server: Server) -> None:
    postgresql_server.run(
        "CREATE DATABASE notifier_latin ENCODING LATIN1 LOCALE 'C' TEMPLATE template0"
    )
    url = postgresql_server.url_of("notifier_latin")
    with pytest.raises(StoreError, match=r"LATIN1.*createdb --encoding=UTF8"):
        at(url).open()
    postgresql_server.drop(url)


def test_a_backup_is_the_servers_business(there: Database, tmp_path: Path) -> None:
    with (
        closing(there.open()) as session,
        pytest.raises(StoreError, match="pg_dump --format=custom"),
    ):
        there.engine.backup(session, tmp_path / "copy")


def _cut_off(server: Server, database: Database) -> None:
    """End every connection to the database, as a server that is restarted does."""
    server.run(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        f" WHERE datname = '{urlsplit(database.setting).path[1:]}'"
    )
