"""Pruning takes what is old and over, in batches, and nothing else."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from notifier.core.event_types import EventType
from notifier.core.events import operation
from notifier.core.outcome import State
from notifier.store import events, outbox, sources
from notifier.store.outbox import NewDelivery
from notifier.store.retention import prune, prune_quarantine
from notifier.store.session import Session
from support.databases import Database

DAY_MS = 86_400_000
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    db = database.open()
    yield db
    db.close()


def add(db: Session, name: str, *, day: int, delivered: State, made_on: int = 0) -> None:
    event = operation(EventType.SOURCE_DOWN, name, at=NOON, reason="401")
    (seq,) = events.add(db, [event], bot_id=None, observed_ms=day * DAY_MS)
    assert seq is not None
    new = NewDelivery(
        type="lead.created",
        event_seq=seq,
        rule="Trouble",
        destination="ops",
        lane_key=f"notifier/{name}",
        bundle=name,
        title="Down",
        body="",
        mention=None,
        broadcast=None,
        exempt=True,
        state=delivered,
        reason=None,
        held=None,
        due_ms=day * DAY_MS,
        created_ms=max(day, made_on) * DAY_MS,
    )
    outbox.add(db, [new])


def left(db: Session) -> list[str]:
    return [subject for (subject,) in db.execute("SELECT subject FROM events ORDER BY seq")]


def test_old_events_go_with_their_deliveries(db: Session) -> None:
    add(db, "old", day=1, delivered=State.DELIVERED)
    add(db, "dead", day=1, delivered=State.DEAD)
    add(db, "new", day=9, delivered=State.DELIVERED)
    assert prune(db, before_ms=5 * DAY_MS) == 2
    assert left(db) == ["new"]
    assert db.execute("SELECT COUNT(*) FROM deliveries").fetchone() == (1,)


def test_what_still_waits_or_was_made_since_stays(db: Session) -> None:
    add(db, "waiting", day=1, delivered=State.PENDING)
    add(db, "replayed", day=1, delivered=State.DELIVERED, made_on=8)
    assert prune(db, before_ms=5 * DAY_MS) == 0
    assert left(db) == ["waiting", "replayed"]


def test_an_event_nobody_was_told_of_goes_too(db: Session) -> None:
    event = operation(EventType.SOURCE_UP, "quiet", at=NOON, reason="")
    events.add(db, [event], bot_id=None, observed_ms=DAY_MS)
    assert prune(db, before_ms=5 * DAY_MS) == 1


def test_a_batch_takes_the_oldest_first(db: Session) -> None:
    for day in (3, 1, 2):
        add(db, f"day {day}", day=day, delivered=State.DELIVERED)
    assert prune(db, before_ms=5 * DAY_MS, batch=2) == 2
    assert left(db) == ["day 3"]
    assert prune(db, before_ms=5 * DAY_MS, batch=2) == 1
    assert prune(db, before_ms=5 * DAY_MS, batch=2) == 0


def test_old_bad_records_go_in_batches_and_new_ones_stay(db: Session) -> None:
    for day in (1, 2, 3, 9):
        bad = [(b"%d" % day, f"day {day}")]
        sources.quarantine(db, "bot", "lead", bad, at_ms=day * DAY_MS)
    assert prune_quarantine(db, before_ms=5 * DAY_MS, batch=2) == 2
    assert prune_quarantine(db, before_ms=5 * DAY_MS, batch=2) == 1
    assert db.execute("SELECT reason FROM quarantine").fetchall() == [("day 9",)]
