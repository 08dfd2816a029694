"""The database file: its mode, its schema's age, and what is wrong with it in words."""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from store_outbox import BODY, Outbox, titles

from notifier.errors import BusyError, ConfigError, FileError, StoreError
from notifier.store import destinations
from notifier.store.db import Store
from notifier.store.opening import open_existing
from notifier.store.schema import MIGRATIONS, Migration
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from support.databases import Database
from support.odd_files import ODD, put_in_the_way


def add_colour(db: Session) -> None:
    db.define("ALTER TABLE deliveries ADD COLUMN colour TEXT")


LATER = (*MIGRATIONS, Migration(name="9999_later", apply=add_colour))
"""Today's migrations and one more."""

TODAY = [one.name for one in MIGRATIONS]


def applied(db: Session) -> list[str]:
    """Return the names of the migrations that a database remembers."""
    rows = db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")
    return [name for (name,) in rows]


def test_a_new_database_is_private_and_survives_power_cuts(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    with closing(Sqlite(path).open()) as db:
        db.execute("INSERT INTO notes VALUES ('a', 'b')")
        assert [one.stat().st_mode & 0o777 for one in tmp_path.iterdir()] == [0o600] * 3
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)
        assert db.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreError, match=r"damaged.*copy your newest `notifier backup`"):
        Sqlite(path).open()
    assert path.read_bytes() == b"not a database" * 1_000


def test_a_damaged_page_is_told_when_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    with closing(Sqlite(path).open()) as db, db.transaction():
        for number in range(500):
            db.execute("INSERT INTO notes VALUES (?, ?)", [f"note {number}", "x" * 500])
    content = bytearray(path.read_bytes())
    content[len(content) // 2 :] = b"\xff" * (len(content) - len(content) // 2)
    path.write_bytes(content)
    with (
        pytest.raises(StoreError, match="damaged"),
        closing(Sqlite(path).open()) as db,
        Sqlite(path).translated(),
    ):
        db.execute("SELECT * FROM notes").fetchall()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="check the folder and its rights"):
        Sqlite(tmp_path / "missing" / "notifier.db").open()


def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    database.of(LATER).open().close()
    with pytest.raises(StoreError, match=r"newer notifier.*9999_later"):
        database.open()


def test_what_waits_under_an_older_schema_goes_out(database: Database) -> None:
    with closing(database.open()) as db:
        Outbox(db).add("A1", "a")
    with closing(database.of(LATER).open()) as db:
        assert titles(Outbox(db).claim()) == ["A1"]
        assert db.execute("SELECT colour FROM deliveries").fetchall() == [(None,)]


def test_an_older_schema_is_copied_before(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    with closing(Sqlite(path).open()) as db:
        Outbox(db).add("A1", "a")
    Sqlite(path, LATER).open().close()
    copy = tmp_path / "notifier.db.before-9999_later"
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(Sqlite(copy).open()) as db:
        assert titles(Outbox(db).claim()) == ["A1"]


def test_what_waited_before_the_lane_key_had_its_name_goes_out(tmp_path: Path) -> None:
    names = [one.name for one in MIGRATIONS]
    before = MIGRATIONS[: names.index("0010_lane_key")]
    with closing(Sqlite(tmp_path / "notifier.db", before).open()) as db:
        db.execute(
            "INSERT INTO events (seq, id, type, subject, observed_ms, body)"
            " VALUES (1, 'evt_1', 'lead.created', 'a', 0, :body)",
            {"body": BODY},
        )
        db.execute(
            "INSERT INTO deliveries"
            " (event_seq, rule, destination, lead, bundle, title, due_ms, planned_ms,"
            " created_ms)"
            " VALUES (1, 'r', 'crm', 'b/a', 'b', 'A1', 0, 0, 0)"
        )
        db.execute("INSERT INTO memory VALUES ('b/a', 'thread', '17', 0)")
    with closing(Sqlite(tmp_path / "notifier.db").open()) as db:
        ((claimed,),) = Outbox(db).claim()
        assert (claimed.title, claimed.lane_key) == ("A1", "b/a")
        assert destinations.memory(db, "b/a") == {"thread": "17"}


@pytest.mark.parametrize("in_the_way", ["readable by all", "link"])
def test_what_stands_where_the_copy_goes_is_not_used(tmp_path: Path, in_the_way: str) -> None:
    path, copy = tmp_path / "notifier.db", tmp_path / "notifier.db.before-9999_later"
    others = tmp_path / "others"
    others.write_text("somebody else's")
    Sqlite(path).open().close()
    if in_the_way == "link":
        copy.symlink_to(others)
    else:
        copy.touch(mode=0o644)
    with closing(Sqlite(path, LATER).open()):
        pass
    assert (copy.is_symlink(), copy.stat().st_mode & 0o777) == (False, 0o600)
    assert others.read_text() == "somebody else's"
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_pipe_where_the_copy_goes_is_told_and_nothing_migrates(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    Sqlite(path).open().close()
    with put_in_the_way(tmp_path / "notifier.db.before-9999_later", "pipe") as untouched:
        with pytest.raises(FileError, match="is a pipe, not a plain file"):
            Sqlite(path, LATER).open()
        assert untouched()
    Sqlite(path).open().close()


def test_a_migration_that_fails_leaves_the_old_schema(database: Database) -> None:
    database.open().close()

    def fail(_: Session) -> None:
        raise StoreError("no")

    worse = Migration(name="9999_worse", apply=fail)
    with pytest.raises(StoreError):
        database.of((*LATER, worse)).open()
    with closing(database.of(LATER).open()) as db:
        assert db.execute("SELECT colour FROM deliveries").fetchall() == []


def test_a_command_creates_no_database(database: Database) -> None:
    empty = database.empty()
    with pytest.raises(StoreError, match=r"there is no database.*NOTIFIER_DATABASE"):
        open_existing(empty.engine)
    assert not empty.engine.exists()


def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    with closing(database.open()) as db:
        refused = (sqlite3.IntegrityError, psycopg.IntegrityError)
        with pytest.raises(refused), db.transaction():
            db.execute("INSERT INTO notes VALUES ('a', 'b'), ('a', 'c')")
        assert db.execute("SELECT COUNT(*) FROM notes").fetchone() == (0,)


def test_a_locked_database_is_busy_and_not_broken(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    with closing(Sqlite(path).open()) as db, closing(Sqlite(path).open()) as other:
        other.execute("PRAGMA busy_timeout = 1").close()
        with (
            db.transaction(),
            pytest.raises(BusyError, match="another process keeps"),
            Sqlite(path).translated(),
            other.transaction(),
        ):
            pass


async def test_a_store_that_was_closed_has_finished_its_work(database: Database) -> None:
    store = Store(database.engine)
    await store.run(lambda db: db.execute("INSERT INTO notes VALUES ('a', 'b')"))
    store.close()
    assert database.rows("SELECT name, value FROM notes") == [("a", "b")]


def test_a_backup_holds_what_the_write_ahead_log_holds(tmp_path: Path) -> None:
    engine = Sqlite(tmp_path / "notifier.db")
    with closing(engine.open()) as db:
        Outbox(db).add("A1", "a")
        engine.backup(db, tmp_path / "copy.db")
    with closing(Sqlite(tmp_path / "copy.db").open()) as db:
        assert titles(Outbox(db).claim()) == ["A1"]
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_one_program_at_a_time_holds_a_database(tmp_path: Path) -> None:
    path = tmp_path / "notifier.db"
    with Sqlite(path).lock():
        named = (
            rf"another notifier is running on .*notifier\.db \(process {os.getpid()}\): stop"
        )
        with pytest.raises(BusyError, match=named), Sqlite(path).lock():
            pass
        with Sqlite(tmp_path / "other.db").lock():
            pass
    with Sqlite(path).lock():
        pass


def test_a_lock_in_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="NOTIFIER_DATABASE: there is no folder"),
        Sqlite(tmp_path / "missing" / "notifier.db").lock(),
    ):
        pass


@pytest.mark.parametrize("kind", ODD)
def test_a_lock_that_is_no_plain_file_is_told(tmp_path: Path, kind: str) -> None:
    with (
        put_in_the_way(tmp_path / "notifier.db.lock", kind) as untouched,
        pytest.raises(FileError, match=r"notifier\.db\.lock is .*not a plain file"),
        Sqlite(tmp_path / "notifier.db").lock(),
    ):
        pass
    assert untouched()


def test_a_lock_that_others_may_open_becomes_private(tmp_path: Path) -> None:
    lock = tmp_path / "notifier.db.lock"
    lock.touch(mode=0o666)
    with Sqlite(tmp_path / "notifier.db").lock():
        assert lock.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["dangling link", "pipe", "socket", "folder"])
def test_a_database_that_is_no_plain_file_is_told(tmp_path: Path, kind: str) -> None:
    with put_in_the_way(tmp_path / "notifier.db", kind) as untouched:
        with pytest.raises(
            FileError, match=r"notifier\.db is a .*(not a plain file|to nothing)"
        ):
            Sqlite(tmp_path / "notifier.db").open()
        assert untouched()


def test_a_database_may_lie_elsewhere(tmp_path: Path) -> None:
    Sqlite(tmp_path / "elsewhere.db").open().close()
    (tmp_path / "notifier.db").symlink_to(tmp_path / "elsewhere.db")
    with closing(Sqlite(tmp_path / "notifier.db").open()) as db:
        assert applied(db) == TODAY


def test_two_processes_may_open_a_new_database_at_once(database: Database) -> None:
    empty = database.empty()
    with ThreadPoolExecutor(8) as threads:
        for db in threads.map(lambda _: empty.open(), range(8)):
            assert db.execute("SELECT COUNT(*) FROM notes").fetchone() == (0,)
            db.close()
