"""The shared record of requests: never more than the limit in any window."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.core.pacing import WINDOW_MS
from notifier.store import sources
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite

HOURS_MS = 3 * 3_600_000

Claim: TypeAlias = Callable[[int, int], int]
"""Claims a request at a time, within a limit; returns the milliseconds to wait."""


@contextmanager
def record(times_ms: list[int]) -> Iterator[tuple[Claim, Session]]:
    """Yield a new record of requests made at these times."""
    with TemporaryDirectory() as folder:
        db = Sqlite(Path(folder) / "notifier.db").open()
        db.executemany("INSERT INTO requests VALUES ('key', ?)", [(t,) for t in times_ms])

        def claim(now_ms: int, limit: int) -> int:
            with db.transaction():
                return sources.claim_request(db, "key", limit=limit, now_ms=now_ms)

        yield claim, db
        db.close()


def stored(db: Session) -> list[int]:
    rows = db.execute("SELECT at_ms FROM requests WHERE token = 'key' ORDER BY at_ms")
    return [at_ms for (at_ms,) in rows]


def test_an_empty_record_grants_at_once() -> None:
    with record([]) as (claim, db):
        assert claim(500, 2) == 0
        assert stored(db) == [500]


def test_a_full_window_waits_for_its_oldest_request_to_leave_it() -> None:
    with record([100, 900]) as (claim, db):
        assert claim(1_000, 2) == WINDOW_MS - 900
        assert stored(db) == [100, 900]


def test_what_left_the_window_is_forgotten() -> None:
    with record([100, 900]) as (claim, db):
        assert claim(WINDOW_MS + 100, 2) == 0
        assert stored(db) == [900, WINDOW_MS + 100]


def test_a_lowered_limit_waits_until_few_enough_are_left() -> None:
    with record([0, 10, 20, 30]) as (claim, _):
        assert claim(40, 2) == WINDOW_MS - 20


def test_each_token_has_a_record_of_its_own() -> None:
    with record([100, 900]) as (_, db), db.transaction():
        assert sources.claim_request(db, "other", limit=1, now_ms=1_000) == 0


def test_a_clock_set_back_delays_by_one_window_and_no_more() -> None:
    with record([HOURS_MS + n for n in range(90)]) as (claim, _):
        assert claim(0, 90) == WINDOW_MS
        assert claim(WINDOW_MS, 90) == 0


TIMES = st.lists(st.integers(-HOURS_MS, HOURS_MS), max_size=40)


@settings(max_examples=40, deadline=None)
@given(times=TIMES, limit=st.integers(1, 10), now_ms=st.integers(-HOURS_MS, HOURS_MS))
def test_a_claim_never_waits_for_more_than_two_windows_and_then_is_granted(
    times: list[int], limit: int, now_ms: int
) -> None:
    with record(times) as (claim, _):
        wait_ms = claim(now_ms, limit)
        assert 0 <= wait_ms <= 2 * WINDOW_MS
        assert wait_ms == 0 or claim(now_ms + wait_ms, limit) == 0


@settings(max_examples=40, deadline=None)
@given(gaps=st.lists(st.integers(0, 30_000), max_size=60), limit=st.integers(1, 10))
def test_no_window_of_a_minute_ever_holds_more_than_the_limit(
    gaps: list[int], limit: int
) -> None:
    now_ms, granted = 0, list[int]()
    with record([]) as (claim, _):
        for gap in gaps:
            now_ms += gap
            if claim(now_ms, limit) == 0:
                granted.append(now_ms)
    for start in granted:
        assert sum(start <= at < start + 60_000 for at in granted) <= limit
