"""The sliding window over recorded requests, and Retry-After."""

from datetime import UTC, datetime

from notifier.core.pacing import WINDOW_MS, http_date, retry_after_s, wait_ms


def test_a_request_waits_until_the_one_that_counts_leaves_the_window() -> None:
    assert wait_ms(None, now_ms=500) == 0
    assert wait_ms(100, now_ms=900) == WINDOW_MS - 800
    assert wait_ms(100, now_ms=100 + WINDOW_MS) == 0
    assert wait_ms(100, now_ms=WINDOW_MS + 5_000) == 0


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
