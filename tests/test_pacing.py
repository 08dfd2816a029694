"""The sliding window over recorded requests, and Retry-After."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from notifier.core.pacing import WINDOW_MS, Claim, claim, http_date, retry_after_s

HOURS_MS = 3 * 60 * 60 * 1000


def test_an_empty_record_grants_at_once() -> None:
    assert claim([], limit=2, now_ms=500) == Claim(wait_ms=0, times_ms=(500,))


def test_a_full_window_waits_for_its_oldest_request_to_leave_it() -> None:
    assert claim([100, 900], limit=2, now_ms=1_000) == Claim(
        wait_ms=WINDOW_MS - 900, times_ms=(100, 900)
    )


def test_what_left_the_window_is_forgotten() -> None:
    now_ms = WINDOW_MS + 100
    assert claim([100, 900], limit=2, now_ms=now_ms) == Claim(wait_ms=0, times_ms=(900, now_ms))


def test_a_lowered_limit_waits_until_few_enough_are_left() -> None:
    assert claim([0, 10, 20, 30], limit=2, now_ms=40).wait_ms == WINDOW_MS - 20


def test_a_clock_set_back_delays_by_one_window_and_no_more() -> None:
    ahead = [HOURS_MS + n for n in range(90)]
    first = claim(ahead, limit=90, now_ms=0)
    assert first.wait_ms == WINDOW_MS
    assert claim(first.times_ms, limit=90, now_ms=first.wait_ms).wait_ms == 0


TIMES = st.lists(st.integers(-HOURS_MS, HOURS_MS), max_size=40)


@given(times=TIMES, limit=st.integers(1, 10), now_ms=st.integers(-HOURS_MS, HOURS_MS))
def test_a_claim_never_waits_for_more_than_two_windows_and_then_is_granted(
    times: list[int], limit: int, now_ms: int
) -> None:
    first = claim(times, limit=limit, now_ms=now_ms)
    assert 0 <= first.wait_ms <= 2 * WINDOW_MS
    then_ms = now_ms + first.wait_ms
    assert then_ms == now_ms or claim(first.times_ms, limit=limit, now_ms=then_ms).wait_ms == 0


@given(gaps=st.lists(st.integers(0, 30_000), max_size=80), limit=st.integers(1, 10))
def test_no_window_of_a_minute_ever_holds_more_than_the_limit(
    gaps: list[int], limit: int
) -> None:
    now_ms, record, granted = 0, tuple[int, ...](), list[int]()
    for gap in gaps:
        now_ms += gap
        answer = claim(record, limit=limit, now_ms=now_ms)
        record = answer.times_ms
        if answer.wait_ms == 0:
            granted.append(now_ms)
    for start in granted:
        assert sum(start <= at < start + 60_000 for at in granted) <= limit


def test_http_dates_are_read_in_utc() -> None:
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert http_date("Mon, 02 Mar 2026 12:00:00 GMT") == noon
    assert http_date("Mon, 02 Mar 2026 13:00:00 +0100") == noon
    assert http_date("Monday, 02-Mar-26 12:00:00 GMT") == noon


def test_what_is_no_http_date_is_none() -> None:
    for value in (None, "", "soon", "-5", "99999999999", "Mon, 02 Mar 99999 12:00:00 GMT"):
        assert http_date(value) is None


def test_an_http_date_at_the_calendars_end_is_far_off_or_none() -> None:
    now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    last = "Fri, 31 Dec 9999 23:59:59 GMT"
    assert retry_after_s(last, now=now, most_s=3600) == 3600
    assert http_date("Fri, 31 Dec 9999 23:59:59 -1200") is None
