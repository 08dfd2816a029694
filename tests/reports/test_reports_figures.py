"""Ranks, shares, open hours: the arithmetic by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifier.core.rows import ms_of
from notifier.reports.figures import measure, nearest_rank
from notifier.reports.hours import OpenHours
from notifier.reports.model import Measure
from notifier.reports.words import long, share
from notifier.rules.windows import Span, Window

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("values", "percent", "rank"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([7], 90, 7),
        ([1, 2], 50, 1),
        ([1, 2, 3], 50, 2),
        ([1, 2, 3, 4], 50, 2),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90, 9),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 90, 10),
    ],
)
def test_a_nearest_rank_is_one_of_the_values(
    values: list[int], percent: int, rank: int | None
) -> None:
    assert nearest_rank(values, percent) == rank


def test_the_share_is_of_all_that_got_there_or_waited_longer_than_the_goal() -> None:
    in_time, at_the_goal, late = 10_000, 60_000, 60_001
    missed_ms, pending_ms = 60_001, 60_000
    lasted = [in_time, at_the_goal, late, None, None]
    found = measure(lasted, [99_000, 99_000, 99_000, missed_ms, pending_ms], 60_000)
    assert found == Measure(count=3, median_s=60, p90_s=60, within_goal=0.5)


def test_nothing_to_measure_is_no_number() -> None:
    assert measure([None], [60_000], 60_000) == Measure(
        count=0, median_s=None, p90_s=None, within_goal=None
    )


OFFICE = Window(
    name="office",
    days=frozenset(range(5)),
    spans=(Span(begins=9 * 60, ends=18 * 60),),
    timezone=ZoneInfo("Europe/Berlin"),
)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        ("2026-03-02T10:00", "2026-03-02T11:00", 1),  # a Monday
        ("2026-03-02T07:00", "2026-03-02T11:00", 2),
        ("2026-03-02T17:00", "2026-03-03T10:00", 2),
        ("2026-03-06T17:00", "2026-03-09T10:00", 2),  # over a weekend
        ("2026-03-07T10:00", "2026-03-08T10:00", 0),  # within one
        ("2026-03-27T17:00", "2026-03-30T10:00", 2),  # into summer time
        ("2026-10-23T17:00", "2026-10-26T10:00", 2),  # and out of it
        ("2026-03-02T11:00", "2026-03-02T10:00", 0),
    ],
)
def test_open_hours_are_those_on_the_wall(begin: str, end: str, hours: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    begin_ms, end_ms = (
        ms_of(datetime.fromisoformat(text).replace(tzinfo=zone)) for text in (begin, end)
    )
    first = datetime(2026, 3, 1, tzinfo=UTC)
    last = first + timedelta(days=300)
    count = OpenHours(OFFICE, from_ms=ms_of(first), until_ms=ms_of(last))
    assert count.lasting([begin_ms], [[end_ms], [None]]) == [[hours * HOUR_MS], [None]]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (7_509, "2h 5m 9s"),
        (86_401, "1d 1s"),
    ],
)
def test_durations_are_told_to_the_second(seconds: int | None, words: str) -> None:
    assert long(seconds) == words


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (None, "–"),
        (0.0, "0 %"),
        (0.001, "< 1 %"),
        (0.825, "82 %"),
        (0.999, "> 99 %"),
        (1.0, "100 %"),
    ],
)
def test_all_and_none_are_said_of_all_and_none_alone(part: float | None, words: str) -> None:
    assert share(part) == words
