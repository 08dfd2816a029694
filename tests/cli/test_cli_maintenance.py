"""``forget`` and ``backup``: nothing of a person is left, everything of the rest is."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from notifier.core.events import decode
from notifier.core.outcome import State
from notifier.store import acts, claims, destinations, forgotten, snapshots, timers
from notifier.store.browse import Wanted, deliveries, event_bodies
from notifier.store.pages_deliveries import NEWEST
from notifier.store.sqlite import Sqlite
from support.cli_runner import Run
from support.filled import ASHA, BORIS, BOT_ID, Filled, ms
from support.odd_files import no_file_larger_than, put_in_the_way

TRACES = (ASHA, "Asha Rao", "asha@example.com", "I need a quote", "thread-of-asha")
LANE = f"{BOT_ID}/{ASHA}"


@pytest.fixture
def told(filled: Filled) -> Filled:
    """Asha has written, was answered, and is remembered in a thread."""
    contact = {"email": "asha@example.com"}
    filled.lead(ASHA, lastMessage={"at": "2026-03-02T10:00:00Z", "text": "I need a quote"})
    filled.rows[ASHA]["profile"]["userDetails"]["contact"] = contact
    filled.lead(ASHA, status="OPEN")
    filled.look()
    filled.deliver("crm", state=State.DEAD, error="refused asha@example.com")
    with filled.db.transaction():
        destinations.remember(filled.db, LANE, {"slack:C1": "thread-of-asha"}, now_ms=ms())
    return filled


def on_disk(filled: Filled) -> bytes:
    return b"".join(path.read_bytes() for path in filled.path.parent.glob("notifier.db*"))


def test_nothing_of_a_person_is_left_in_the_file_or_its_log_while_the_service_runs(
    notifier: Run, told: Filled
) -> None:
    before = on_disk(told)
    assert all(trace.encode() in before for trace in TRACES)
    ended = notifier("forget", ASHA)
    assert (ended.code, ended.err) == (0, "")
    after = on_disk(told)
    assert not any(trace.encode() in after for trace in TRACES)
    assert b"Boris" in after


@pytest.mark.usefixtures("told")
def test_it_says_what_was_erased_and_what_is_out_of_reach(notifier: Run) -> None:
    ended = notifier("forget", ASHA)
    assert ended.out == (
        f"{ASHA} is forgotten: 5 events and 4 deliveries emptied, 3 of them unsent. "
        "Out of reach: what Slack, mail and webhooks have received, and earlier backups "
        "of the database.\n"
    )
    assert notifier("forget", ASHA).out.startswith(f"{ASHA} was forgotten before. Out of reach")


def test_that_somebody_was_forgotten_stands_among_the_acts_and_not_who(
    notifier: Run, told: Filled
) -> None:
    for _ in range(2):
        notifier("forget", ASHA)
    found = [one for one in acts.newest(told.db, before=NEWEST, limit=9) if one.act == "forget"]
    assert [(one.target, one.lead, one.through) for one in found] == [
        ("forgotten", None, "cli")
    ]


def test_counts_stay_and_what_waited_ends_skipped(notifier: Run, told: Filled) -> None:
    before = deliveries(told.db, Wanted())
    events_before = [decode(body) for body in event_bodies(told.db, Wanted())]
    notifier("forget", ASHA)
    after = deliveries(told.db, Wanted())
    events = [decode(body) for body in event_bodies(told.db, Wanted())]
    assert [one.id for one in after] == [one.id for one in before]
    assert [(one.id, one.type) for one in events] == [(e.id, e.type) for e in events_before]
    ended = {(one.lead, one.state, one.reason) for one in after}
    assert ended == {
        (None, "skipped", "forgotten"),
        (None, "dead", None),
        (BORIS, "pending", None),
    }
    assert {one.subject for one in events if forgotten.is_erased(one)} == {"forgotten"}
    assert timers.running(told.db) == [
        one for one in timers.running(told.db) if one.lead_id == BORIS
    ]


def test_a_forgotten_lead_is_neither_stored_nor_announced_again(
    notifier: Run, told: Filled
) -> None:
    notifier("forget", ASHA)
    count = len(event_bodies(told.db, Wanted()))
    told.lead(ASHA, status="REVIEW")
    told.lead(BORIS, status="CLOSED")
    told.look()
    assert snapshots.row(told.db, BOT_ID, ASHA) is None
    assert len(event_bodies(told.db, Wanted())) == count + 1
    assert ASHA.encode() not in on_disk(told)


def test_a_message_under_way_leaves_no_memory_behind(notifier: Run, told: Filled) -> None:
    with told.db.transaction():
        claims.claim(told.db, "ops", now_ms=ms(), limit=9)
    notifier("forget", ASHA)
    with told.db.transaction():
        destinations.remember(told.db, LANE, {"slack:C1": "thread-of-asha"}, now_ms=ms())
        destinations.remember(told.db, f"{BOT_ID}/{BORIS}", {"slack:C1": "t"}, now_ms=ms())
    assert destinations.memory(told.db, LANE) == {}
    assert destinations.memory(told.db, f"{BOT_ID}/{BORIS}") == {"slack:C1": "t"}


@pytest.mark.usefixtures("told")
def test_what_is_about_the_forgotten_cannot_be_retried(notifier: Run) -> None:
    notifier("forget", ASHA)
    ended = notifier("retry", "1")
    assert ended.code == 1
    assert "delivery 1 is about somebody who was forgotten" in ended.err


def test_an_unknown_lead_changes_nothing(notifier: Run, told: Filled) -> None:
    ended = notifier("forget", "63d9ffa77a8d152facbe2fff")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "no lead 63d9ffa77a8d152facbe2fff is known; nothing was changed\n"
    assert forgotten.is_forgotten(told.db, BOT_ID, [ASHA]) == set()


def test_a_reader_in_the_way_is_told_and_the_next_try_finishes(
    notifier: Run, told: Filled
) -> None:
    with closing(sqlite3.connect(told.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM events").fetchone()
        assert forgotten_while_read(told) is False
        reader.execute("COMMIT")
    assert notifier("forget", ASHA).code == 0
    assert not any(trace.encode() in on_disk(told) for trace in TRACES)


def forgotten_while_read(told: Filled) -> bool:
    engine = Sqlite(told.path)
    with closing(engine.open()) as db:
        db.execute("PRAGMA busy_timeout = 20").close()
        with db.transaction():
            forgotten.erase(db, BOT_ID, ASHA, at_ms=ms())
        return engine.leave_no_trace(db)


def test_a_backup_is_whole_private_and_replaces_the_last(
    notifier: Run, told: Filled, tmp_path: Path
) -> None:
    target = tmp_path / "copy.db"
    target.write_text("yesterday's")
    with told.db.transaction():
        ended = notifier("backup", "copy.db")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("copy.db holds the whole database (")
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    with closing(Sqlite(target).open()) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert deliveries(db, Wanted()) == deliveries(told.db, Wanted())


@pytest.mark.parametrize(
    ("target", "code", "words"),
    [
        ("notifier.db", 2, "notifier.db is the database itself"),
        ("nowhere/copy.db", 1, "nowhere/copy.db: No such file or directory"),
        ("rules", 2, "is a directory"),
    ],
)
@pytest.mark.usefixtures("told")
def test_a_backup_that_cannot_be_written_says_why(
    notifier: Run, target: str, code: int, words: str
) -> None:
    ended = notifier("backup", target)
    assert (ended.code, ended.out) == (code, "")
    assert words in ended.err


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe", "socket"])
@pytest.mark.usefixtures("told")
def test_a_backup_goes_into_a_plain_file_only(notifier: Run, tmp_path: Path, kind: str) -> None:
    with put_in_the_way(tmp_path / "copy.db", kind) as untouched:
        ended = notifier("backup", "copy.db")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("copy.db is a ")
        assert ended.err.endswith(", not a plain file: move it away, or name another\n")
        assert untouched()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a device")
@pytest.mark.usefixtures("told")
def test_a_backup_replaces_no_device(notifier: Run, tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    ended = notifier("backup", "null")
    assert (ended.code, ended.err.partition(",")[0]) == (1, "null is a device")
    assert stat.S_ISCHR((tmp_path / "null").stat().st_mode)


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal", ".lock"])
@pytest.mark.parametrize("folder", ["", "again/"])
def test_a_backup_never_takes_the_place_of_a_part_of_the_database(
    notifier: Run, told: Filled, tmp_path: Path, folder: str, end: str
) -> None:
    (tmp_path / "again").symlink_to(tmp_path)
    before = {path.name: path.stat().st_ino for path in told.path.parent.iterdir()}
    ended = notifier("backup", f"{folder}notifier.db{end}")
    assert (ended.code, ended.out) == (2, "")
    assert "is part of the database" in ended.err
    assert {path.name: path.stat().st_ino for path in told.path.parent.iterdir()} == before


def test_a_backup_over_another_name_of_the_database_is_refused(
    notifier: Run, told: Filled, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(told.path)
    (tmp_path / "hard-link").hardlink_to(told.path)
    for name in ("link", "hard-link"):
        ended = notifier("backup", name)
        assert (ended.code, f"{name} is the database itself" in ended.err) == (2, True)


def test_a_backup_that_meets_a_full_disk_leaves_nothing_behind(
    notifier: Run, told: Filled, tmp_path: Path
) -> None:
    with told.db.transaction():
        told.db.execute("INSERT INTO notes VALUES ('a', :x)", {"x": "x" * 500_000})
    before = sorted(tmp_path.iterdir())
    with no_file_larger_than(200_000):
        ended = notifier("backup", "copy.db")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("copy.db: ")
    assert sorted(tmp_path.iterdir()) == before
