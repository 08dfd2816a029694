"""Bad records are kept once each, up to a bound, and counted beyond it."""

from collections.abc import Iterator

import pytest

from notifier.store import health, sources
from notifier.store.session import Session
from notifier.store.sources import MAX_QUARANTINED, quarantine
from support.databases import Database

NO_ID = (b"1", "no _id")
NULL = (b"2", "a NoneType stands where a record belongs")


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    db = database.open()
    sources.register(db, "bot", "website")
    yield db
    db.close()


def counted(db: Session) -> int:
    (source,) = health.overview(db, now_ms=10).sources
    return source.quarantined


def test_a_bad_record_is_told_once_however_often_it_comes(db: Session) -> None:
    assert quarantine(db, "bot", "lead", [NO_ID, NULL, NO_ID], at_ms=1) == [NO_ID[1], NULL[1]]
    assert quarantine(db, "bot", "lead", [NULL, NO_ID], at_ms=2) == []
    assert counted(db) == 2


def test_those_beyond_are_one_row_told_when_there_are_more_of_them_than_ever(
    db: Session,
) -> None:
    told = [quarantine(db, "bot", "lead", [], more=more, at_ms=1) for more in (15, 15, 9, 16)]
    assert told == [["15 more on one page"], [], [], ["16 more on one page"]]
    assert counted(db) == 16
    assert db.execute("SELECT COUNT(*) FROM quarantine").fetchone() == (1,)


def test_a_source_fills_its_own_quarantine_and_no_more(db: Session) -> None:
    for page in range(MAX_QUARANTINED // 10 + 20):
        bad = [(b"%d/%d" % (page, row), "no _id") for row in range(10)]
        told = quarantine(db, "bot", "lead", bad, at_ms=1)
        assert len(told) <= 10
    assert told == []
    assert db.execute("SELECT COUNT(*) FROM quarantine").fetchone() == (MAX_QUARANTINED + 1,)
    assert counted(db) == MAX_QUARANTINED + 10
    assert quarantine(db, "other", "lead", [NO_ID], at_ms=1) == [NO_ID[1]]
