"""Events under ids that are taken: told once, or under the next running number."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from notifier.core.diff import diff
from notifier.core.events import Event, changed, created
from notifier.core.records import LEAD, Lead, Source, parse
from notifier.store import events
from notifier.store.batches import CHUNK
from notifier.store.session import Session
from support.databases import Database

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEBSITE = Source(name="website", bot_id="b1", customer_id="c1")


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    db = database.open()
    yield db
    db.close()


def lead(number: int = 1, status: str = "OPEN") -> Lead:
    row = {"_id": f"lead{number}", "status": status, "createdAt": "2026-03-02T10:00:00.000Z"}
    return parse(row, listing_type=LEAD, source=WEBSITE, agents={})


def arrival(number: int = 1) -> Event:
    return created(lead(number), at=NOON)


def closing() -> Event:
    after = lead(status="CLOSED")
    (event,) = changed(after, diff(lead(), after), at=NOON)
    return event


def add(db: Session, *some: Event) -> list[int | None]:
    return events.add(db, some, bot_id="b1", observed_ms=0)


def stored(db: Session) -> list[str]:
    return [found for (found,) in db.execute("SELECT id FROM events ORDER BY seq").fetchall()]


def test_a_new_lead_is_told_once_on_one_page_or_two(db: Session) -> None:
    first, second, again = add(db, arrival(), arrival(2), arrival())
    assert (first, again) == (1, None)
    assert second == 2
    told, third = add(db, arrival(), arrival(3))
    assert told is None
    assert third is not None
    assert third > 2


def test_changes_that_look_the_same_are_told_apart_by_a_number(db: Session) -> None:
    seqs = [*add(db, closing(), closing()), *add(db, closing())]
    assert seqs == [seq for (seq,) in db.execute("SELECT seq FROM events ORDER BY seq")]
    assert len(set(stored(db))) == 3
    assert stored(db)[0] == closing().id


def test_a_page_of_many_events_is_stored_in_its_order(db: Session) -> None:
    many = [arrival(number) for number in range(2 * CHUNK + 1)]
    assert add(db, *many) == list(range(1, len(many) + 1))
    assert stored(db) == [event.id for event in many]


def test_one_whose_id_is_taken_keeps_its_place_among_the_others(db: Session) -> None:
    add(db, closing())
    again, other = add(db, closing(), arrival(2))
    assert again is not None
    assert other is not None
    assert again < other
