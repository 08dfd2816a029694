"""Tokens that pause: told by the member whom the upstream told, heard by all."""

from collections.abc import Iterator

import pytest

from notifier.store import pauses
from notifier.store.session import Session
from support.databases import Database

NOW_MS = 1_772_425_800_000


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    session = database.open()
    yield session
    session.close()


def test_a_pause_is_heard_until_it_is_over(db: Session) -> None:
    pauses.tell(db, {"key": 5_000}, now_ms=NOW_MS)
    assert pauses.heard(db, now_ms=NOW_MS + 4_999) == {"key": NOW_MS + 5_000}
    assert pauses.heard(db, now_ms=NOW_MS + 5_000) == {}


def test_the_longer_of_two_pauses_holds(db: Session) -> None:
    pauses.tell(db, {"key": 60_000}, now_ms=NOW_MS)
    pauses.tell(db, {"key": 5_000, "other": 1_000}, now_ms=NOW_MS)
    assert pauses.heard(db, now_ms=NOW_MS) == {
        "key": NOW_MS + 60_000,
        "other": NOW_MS + 1_000,
    }
