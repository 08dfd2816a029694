"""What is remembered of records and walks, and what a completed walk settles."""

from collections.abc import Iterator
from importlib import import_module

import orjson
import pytest

from notifier.store import listings, snapshots, sources
from notifier.store.session import Session
from notifier.store.snapshots import Known, Saved
from support.databases import Database

BOT, KIND = "bot", "lead"

changed_ms = import_module("notifier.store.migrations.0004_records_changed").changed_ms


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    db = database.open()
    listings.state(db, BOT, KIND)
    yield db
    db.close()


def save(db: Session, *lead_ids: str, walk: int, digest: bytes = b"d") -> None:
    listings.open_walk(db, BOT, KIND, walk)
    records = [
        Saved(lead_id=one, type=KIND, digest=digest, walk=walk, row="{}") for one in lead_ids
    ]
    snapshots.save(db, BOT, records)


def absent(db: Session) -> list[str]:
    rows = db.execute("SELECT lead_id FROM records WHERE absent > 0 ORDER BY lead_id")
    return [lead_id for (lead_id,) in rows]


def open_walks(db: Session) -> frozenset[int]:
    return listings.state(db, BOT, KIND).open_walks


def test_a_head_poll_that_completes_closes_itself_alone(db: Session) -> None:
    save(db, "a", walk=7)
    save(db, "b", walk=8)
    listings.close_walk(db, BOT, KIND, 8)
    assert open_walks(db) == {7}


def test_a_full_walk_closes_earlier_ones_that_it_has_covered(db: Session) -> None:
    save(db, "a", walk=5)
    save(db, "b", walk=6)
    save(db, "c", walk=8)
    listings.open_walk(db, BOT, KIND, 7)
    snapshots.touch(db, BOT, ["a"], walk=7)  # b was not met again
    listings.close_covered(db, BOT, KIND, 7)
    assert open_walks(db) == {6, 8}


def test_walks_of_another_listing_stay_as_they_are(db: Session) -> None:
    listings.state(db, BOT, "non-lead")
    listings.open_walk(db, BOT, "non-lead", 3)
    listings.close_covered(db, BOT, KIND, 9)
    assert listings.state(db, BOT, "non-lead").open_walks == {3}


def test_the_last_walk_is_the_highest_that_wrote(db: Session) -> None:
    for walk in (7, 9, 8):
        listings.open_walk(db, BOT, KIND, walk)
    assert listings.state(db, BOT, KIND).last_walk == 9


def test_the_first_baseline_alone_says_from_when_on_leads_are_new(db: Session) -> None:
    listings.start_baseline(db, BOT, KIND, from_ms=10)
    listings.start_baseline(db, BOT, KIND, from_ms=20)
    listings.finish_full_walk(db, BOT, KIND, at_ms=30, pages=2)
    listings.finish_full_walk(db, BOT, KIND, at_ms=40, pages=3)
    state = listings.state(db, BOT, KIND)
    assert (state.baseline_from_ms, state.baseline_done_ms, state.swept_ms) == (10, 30, 40)
    assert state.pages == 3


def test_absent_is_what_a_full_walk_did_not_find_and_nobody_wrote_since(db: Session) -> None:
    save(db, "gone", "there", walk=1)
    save(db, "moved", walk=9)
    snapshots.mark_absent(db, BOT, KIND, {"there"}, since=8)
    assert absent(db) == ["gone"]
    for walk in (8, 9):  # the first is put away once more
        snapshots.mark_absent(db, BOT, KIND, {"there"}, since=walk)
    missed = [snapshots.misses_any(db, BOT, KIND, walk) for walk in (7, 8, 9)]
    assert missed == [False, True, False]
    snapshots.mark_absent(db, BOT, KIND, {"there", "gone", "moved"}, since=10)
    assert absent(db) == []


def test_a_late_state_is_remembered_until_the_record_is_read_as_it_was(db: Session) -> None:
    save(db, "a", walk=1)
    snapshots.remember_late(db, BOT, [("a", b"old")])
    assert snapshots.known(db, BOT, ["a"])["a"].late_digest == b"old"
    snapshots.touch(db, BOT, ["a"], walk=2)
    assert snapshots.known(db, BOT, ["a", "b"]) == {
        "a": Known(lead_id="a", type=KIND, digest=b"d", walk=2)
    }


def test_more_ids_than_a_statement_takes_are_found(db: Session) -> None:
    lead_ids = [f"lead {n}" for n in range(1_201)]
    save(db, *lead_ids, walk=1)
    assert snapshots.known(db, BOT, lead_ids).keys() == set(lead_ids)
    assert snapshots.rows(db, BOT, lead_ids).keys() == set(lead_ids)


def test_a_source_starts_is_up_after_a_page_and_stays_down_until_told(db: Session) -> None:
    sources.register(db, BOT, "website")
    assert sources.state(db, BOT) == ("starting", None, 0)
    sources.succeeded(db, BOT, at_ms=5)
    assert sources.state(db, BOT) == ("up", 5, 0)
    sources.set_state(db, BOT, "down", "refused", "check the token")
    sources.succeeded(db, BOT, at_ms=6)
    assert sources.state(db, BOT) == ("down", 6, 0)


def test_the_request_log_forgets_what_is_older_than_a_minute(db: Session) -> None:
    waits = [sources.grant(db, "t", limit=2, now_ms=at) for at in (0, 0, 10, 62_000)]
    assert waits == [0, 0, 60_990, 0]
    assert db.execute("SELECT at_ms FROM requests").fetchall() == [(62_000,)]


def test_an_upgrade_learns_of_stored_rows_when_they_changed() -> None:
    times = {"updatedAt": "2026-03-02T04:30:00.000Z", "createdAt": "2026-01-01T00:00:00.000Z"}
    assert changed_ms(orjson.dumps({"_id": "1", **times}).decode()) == 1_772_425_800_000
    assert changed_ms(orjson.dumps({"_id": "1", **times, "updatedAt": "soon"}).decode()) == (
        1_767_225_600_000
    )
    assert changed_ms('{"_id": "1"}') == 0
    assert changed_ms("[") == 0
