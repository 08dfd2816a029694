"""Whose card is to change: told by one member, heard by the others."""

from collections.abc import Iterator

import pytest

from notifier.store import changed_cards, destinations, forgotten
from notifier.store.session import Session
from support.databases import Database

NOW_MS = 1_772_425_800_000


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    session = database.open()
    for key in ("b1/1", "b1/2"):
        destinations.remember(session, key, {"ts": "1", "channel": "C1"}, now_ms=NOW_MS)
    yield session
    session.close()


def heard(db: Session, now_ms: int = NOW_MS) -> list[str]:
    return sorted(changed_cards.heard(db, now_ms=now_ms).values())


def test_leads_with_a_card_are_heard_of_once_each(db: Session) -> None:
    changed_cards.tell(db, ["b1/1", "b1/2", "b1/without"], now_ms=NOW_MS)
    assert heard(db) == ["b1/1", "b1/2"]


def test_each_telling_has_its_own_number(db: Session) -> None:
    changed_cards.tell(db, ["b1/1"], now_ms=NOW_MS)
    first = changed_cards.heard(db, now_ms=NOW_MS)
    changed_cards.tell(db, ["b1/1"], now_ms=NOW_MS + 1)
    assert len(changed_cards.heard(db, now_ms=NOW_MS + 1).keys() - first.keys()) == 1


def test_what_is_old_is_heard_no_more_and_then_gone(db: Session) -> None:
    changed_cards.tell(db, ["b1/1"], now_ms=NOW_MS)
    later_ms = NOW_MS + changed_cards.KEPT_MS + 1
    assert heard(db, later_ms) == []
    changed_cards.tell(db, ["b1/2"], now_ms=later_ms)
    assert db.execute("SELECT COUNT(*) FROM changed_cards").fetchone() == (1,)


def test_who_is_forgotten_is_heard_of_no_more(db: Session) -> None:
    changed_cards.tell(db, ["b1/1", "b1/2"], now_ms=NOW_MS)
    forgotten.erase(db, "b1", "1", at_ms=NOW_MS)
    assert heard(db) == ["b1/2"]
