"""The period of a report, and the one before it, also where the clocks change."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.core.rows import iso_of_ms, ms_of
from notifier.reports.asked import Asked

BERLIN = ZoneInfo("Europe/Berlin")


def periods(until: str, **since: int) -> list[str]:
    """Return when the period before begins, when this one does, and when it ends."""
    until_ms = ms_of(datetime.fromisoformat(until).replace(tzinfo=BERLIN))
    length = timedelta(**since)
    asked = Asked(since=length, until_ms=until_ms, now_ms=until_ms, goal_ms=1, zone=BERLIN)
    return [iso_of_ms(ms)[:16] for ms in (asked.before_ms, asked.from_ms, asked.until_ms)]


@pytest.mark.parametrize(
    ("until", "mondays"),
    [
        ("2026-03-16T09:00", ["2026-03-02T08:00", "2026-03-09T08:00", "2026-03-16T08:00"]),
        ("2026-03-30T09:00", ["2026-03-16T08:00", "2026-03-23T08:00", "2026-03-30T07:00"]),
        ("2026-04-06T09:00", ["2026-03-23T08:00", "2026-03-30T07:00", "2026-04-06T07:00"]),
        ("2026-10-26T09:00", ["2026-10-12T07:00", "2026-10-19T07:00", "2026-10-26T08:00"]),
        ("2026-11-02T09:00", ["2026-10-19T07:00", "2026-10-26T08:00", "2026-11-02T08:00"]),
    ],
)
def test_a_week_begins_where_the_one_before_ended_at_nine_on_the_wall(
    until: str, mondays: list[str]
) -> None:
    assert periods(until, days=7) == mondays


def test_hours_are_as_many_as_they_are() -> None:
    # Two o'clock was skipped in the night between.
    assert periods("2026-03-29T12:00", hours=12) == [
        "2026-03-28T10:00",
        "2026-03-28T22:00",
        "2026-03-29T10:00",
    ]


def test_an_hour_that_the_clocks_skipped_is_the_one_after() -> None:
    assert periods("2026-03-30T02:30", days=1)[1] == "2026-03-29T01:30"  # half past three
