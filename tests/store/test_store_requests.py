"""The shared record of requests: never more than the limit in any window."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.core.pacing import WINDOW_MS
from notifier.store import sources
from notifier.store.session import Session
from support.databases import Database

HOURS_MS = 3 * 3_600_000

Claim: TypeAlias = Callable[[int, int], int]
"""Claims a request at a time, within a limit; returns the milliseconds to wait."""


Record: TypeAlias = Callable[[list[int]], Claim]


@pytest.fixture
def db(database: Database) -> Iterator[Session]:
    db = database.open()
    yield db
    db.close()


@pytest.fixture
def record(db: Session) -> Record:
    """Give what makes a new record of requests made at some times."""

    def made(times_ms: list[int]) -> Claim:
        db.execute("DELETE FROM requests")
        rows = [{"at_ms": at_ms} for at_ms in times_ms]
        db.executemany("INSERT INTO requests VALUES ('key', :at_ms)", rows)

        def claim(now_ms: int, limit: int) -> int:
            return db.whole(lambda: sources.grant(db, "key", limit=limit, now_ms=now_ms))

        return claim

    return made


def stored(db: Session) -> list[int]:
    rows = db.execute("SELECT at_ms FROM requests WHERE token = 'key' ORDER BY at_ms")
    return [at_ms for (at_ms,) in rows]


def test_an_empty_record_grants_at_once(record: Record, db: Session) -> None:
    claim = record([])
    assert claim(500, 2) == 0
    assert stored(db) == [500]


def test_a_full_window_waits_for_its_oldest_request_to_leave_it(
    record: Record, db: Session
) -> None:
    claim = record([100, 900])
    assert claim(1_000, 2) == WINDOW_MS - 900
    assert stored(db) == [100, 900]


def test_what_left_the_window_is_forgotten(record: Record, db: Session) -> None:
    claim = record([100, 900])
    assert claim(WINDOW_MS + 100, 2) == 0
    assert stored(db) == [900, WINDOW_MS + 100]


def test_a_lowered_limit_waits_until_few_enough_are_left(record: Record) -> None:
    claim = record([0, 10, 20, 30])
    assert claim(40, 2) == WINDOW_MS - 20


def test_each_token_has_a_record_of_its_own(record: Record, db: Session) -> None:
    record([100, 900])
    with db.transaction():
        assert sources.grant(db, "other", limit=1, now_ms=1_000) == 0


def test_a_clock_set_back_delays_by_one_window_and_no_more(record: Record) -> None:
    claim = record([HOURS_MS + n for n in range(90)])
    assert claim(0, 90) == WINDOW_MS
    assert claim(WINDOW_MS, 90) == 0


TIMES = st.lists(st.integers(-HOURS_MS, HOURS_MS), max_size=40)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each begins a record anew
)
@given(times=TIMES, limit=st.integers(1, 10), now_ms=st.integers(-HOURS_MS, HOURS_MS))
def test_a_claim_never_waits_for_more_than_two_windows_and_then_is_granted(
    record: Record, times: list[int], limit: int, now_ms: int
) -> None:
    claim = record(times)
    wait_ms = claim(now_ms, limit)
    assert 0 <= wait_ms <= 2 * WINDOW_MS
    assert wait_ms == 0 or claim(now_ms + wait_ms, limit) == 0


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each begins a record anew
)
@given(gaps=st.lists(st.integers(0, 30_000), max_size=60), limit=st.integers(1, 10))
def test_no_window_of_a_minute_ever_holds_more_than_the_limit(
    record: Record, gaps: list[int], limit: int
) -> None:
    now_ms, granted = 0, list[int]()
    claim = record([])
    for gap in gaps:
        now_ms += gap
        if claim(now_ms, limit) == 0:
            granted.append(now_ms)
    for start in granted:
        assert sum(start <= at < start + 60_000 for at in granted) <= limit


def test_two_who_ask_at_once_do_not_get_the_same_place(database: Database) -> None:
    sessions = [database.open() for _ in range(4)]

    def ask(db: Session) -> list[int]:
        with database.engine.translated():
            return [
                db.whole(lambda: sources.claim_request(db, "key", limit=10, now_ms=1_000))
                for _ in range(5)
            ]

    with ThreadPoolExecutor(len(sessions)) as threads:
        waits = [wait_ms for waits in threads.map(ask, sessions) for wait_ms in waits]
    assert waits.count(0) == 10
    assert len(stored(sessions[0])) == 10
    for db in sessions:
        db.close()
