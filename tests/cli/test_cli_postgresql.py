"""Commands on a server's database: they do as on a file, and what differs is said."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from notifier.core.outcome import State
from notifier.store import claims, mutes
from notifier.store.sqlite import Sqlite
from support.cli_runner import Run
from support.databases import Database
from support.filled import ASHA, BORIS, RULES, Filled, ms
from support.postgres import Server


@pytest.fixture
def server_database(tmp_path: Path, postgresql_server: Server) -> Iterator[Database]:
    found = Database(tmp_path, postgresql_server)
    yield found
    found.close()


@pytest.fixture
def there(
    notifier: Run, server_database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Filled]:
    """Two new leads, in a database of the server that NOTIFIER_DATABASE names."""
    del notifier  # it has taken away what the environment said
    monkeypatch.setenv("NOTIFIER_DATABASE", with_password(server_database))
    stage = Filled(server_database.folder / "none", engine=server_database.engine)
    stage.lead(ASHA, name="Asha Rao", country="India", status="OPEN")
    stage.lead(BORIS, name="Boris", country="Nepal", status="OPEN")
    stage.look()
    yield stage
    stage.db.close()


def with_password(database: Database) -> str:
    """Return the URL with a password that the server does not ask for."""
    return database.setting.replace("postgres@", "postgres:s3cret@")


def table(ended_out: str) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in ended_out.splitlines()]


@pytest.mark.usefixtures("there")
def test_what_there_is_is_listed(notifier: Run) -> None:
    assert {one["name"] for one in table(notifier("leads", "--json").out)} == {
        "Asha Rao",
        "Boris",
    }
    assert len(table(notifier("events", "--json", "--type", "lead.*").out)) == 2
    deliveries = table(notifier("deliveries", "--json", "--state", "pending").out)
    assert [one["destination"] for one in deliveries] == ["sales", "crm", "ops", "sales", "ops"]


@pytest.mark.usefixtures("there")
def test_a_lead_is_explained(notifier: Run, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    ended = notifier("explain", "--lead", ASHA)
    assert (ended.code, ended.err) == (0, "")
    assert "New Indian lead" in ended.out


def test_what_is_muted_by_hand_is_muted(notifier: Run, there: Filled) -> None:
    assert notifier("mute", "sales", "--for", "2h").code == 0
    assert mutes.active(there.db, now_ms=ms()).destinations == {"sales"}
    assert notifier("unmute", "sales").code == 0
    assert mutes.active(there.db, now_ms=ms()).destinations == frozenset()


def test_the_dead_are_sent_again(notifier: Run, there: Filled) -> None:
    there.deliver("crm", state=State.DEAD, error="refused")
    assert notifier("retry", "--dead").code == 0
    with there.db.transaction():
        assert len(claims.claim(there.db, "crm", now_ms=ms(), limit=9)) == 1


def test_a_person_is_forgotten(notifier: Run, there: Filled, server_database: Database) -> None:
    ended = notifier("forget", ASHA, "--yes")
    assert (ended.code, ended.err) == (0, "")
    for name in ("records", "events", "deliveries", "lead_search", "responses"):
        found = there.db.execute(f"SELECT * FROM {name}").fetchall()
        assert ASHA not in str(found)
        assert "Asha Rao" not in str(found)
    assert server_database.rows("SELECT COUNT(*) FROM records") == [(1,)]


@pytest.mark.usefixtures("there")
def test_a_backup_says_how_the_server_makes_one(notifier: Run, tmp_path: Path) -> None:
    ended = notifier("backup", str(tmp_path / "copy.dump"))
    assert ended.code == 1
    assert (
        f"pg_dump --format=custom --file={tmp_path / 'copy.dump'} 'postgresql://" in ended.err
    )
    assert "s3cret" not in ended.err
    assert not (tmp_path / "copy.dump").exists()


@pytest.mark.usefixtures("there")
def test_its_state_is_told_without_the_password(notifier: Run) -> None:
    ended = notifier("status")
    assert "s3cret" not in ended.out + ended.err
    assert "website" in ended.out
    (shown,) = table(notifier("status", "--json").out)
    assert shown["sources"]


def test_a_server_that_is_away_is_temporary(
    notifier: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE", "postgresql://u:s3cret@127.0.0.1:1/db")
    for words in (["status"], ["leads"], ["mute", "sales", "--for", "1h"], ["forget", ASHA]):
        ended = notifier(*words)
        assert (ended.code, ended.out) == (75, "")
        assert ended.err.startswith("postgresql://u@127.0.0.1:1/db cannot be reached")


def test_a_file_is_moved_with_what_waits(
    notifier: Run, filled: Filled, server_database: Database
) -> None:
    filled.deliver("ops")
    ids = "SELECT id, state, claim, attempts, due_ms FROM deliveries ORDER BY id"
    events = "SELECT seq, id, body FROM events ORDER BY seq"
    before = [filled.db.execute(one).fetchall() for one in (ids, events)]
    empty = server_database.empty()
    ended = notifier("move", "--to", with_password(empty))
    assert (ended.code, ended.err) == (0, "")
    assert "s3cret" not in ended.out
    assert [empty.rows(one) for one in (ids, events)] == before
    with closing(empty.open()) as db, db.transaction():
        assert len(claims.claim(db, "sales", now_ms=ms(), limit=9)) == 2
        (seq,) = db.execute(
            "INSERT INTO events (id, type, subject, observed_ms, body)"
            " VALUES ('evt_new', 't', 's', 0, '') RETURNING seq"
        ).fetchone()
    assert seq == max(seq for seq, _, _ in before[1]) + 1


@pytest.mark.usefixtures("filled")
def test_nothing_is_moved_onto_what_is_there(notifier: Run, server_database: Database) -> None:
    ended = notifier("move", "--to", server_database.setting)
    assert ended.code == 1
    assert "is not empty: it has acts, " in ended.err


def test_a_move_that_fails_leaves_nothing(
    notifier: Run, filled: Filled, server_database: Database
) -> None:
    filled.db.execute("PRAGMA foreign_keys = OFF")
    filled.db.execute("DELETE FROM events")
    empty = server_database.empty()
    ended = notifier("move", "--to", empty.setting)
    assert ended.code == 1
    assert "cannot store a row of table deliveries (ForeignKeyViolation)" in ended.err
    assert not empty.engine.exists()


def test_nothing_is_moved_from_under_a_service(
    notifier: Run, filled: Filled, server_database: Database
) -> None:
    empty = server_database.empty()
    with Sqlite(filled.path).lock():
        ended = notifier("move", "--to", empty.setting)
    assert ended.code == 75
    assert not empty.engine.exists()


@pytest.mark.usefixtures("filled")
def test_a_move_to_no_server_is_wrong_usage(notifier: Run) -> None:
    assert notifier("move", "--to", "mysql://h/db").code == 2
    ended = notifier("move", "--to", "postgresql://u:s3%cret@h/db")
    assert (ended.code, "s3%cret" in ended.err) == (2, False)
