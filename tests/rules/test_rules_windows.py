from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.rules.windows import Span, Window
from notifier.rulesfile.hours import parse_days, parse_spans, parse_timezone
from notifier.rulesfile.options import WindowOptions

HOUR = timedelta(hours=1)
KOLKATA = ZoneInfo("Asia/Kolkata")
BERLIN = ZoneInfo("Europe/Berlin")


def window(days: str, hours: str, zone: ZoneInfo = KOLKATA) -> Window:
    options = WindowOptions.model_validate({"days": days, "hours": hours})
    return Window(name="w", days=options.days, spans=options.hours, timezone=zone)


def local(text: str, zone: ZoneInfo = KOLKATA, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


OFFICE = window("mon-fri", "09:00-18:00")
NIGHT = window("fri", "22:00-06:00")


def test_it_is_open_from_its_first_moment_to_just_before_its_last() -> None:
    assert OFFICE.is_open(local("2026-03-02T09:00"))
    assert OFFICE.is_open(local("2026-03-02T17:59:59.999"))
    assert not OFFICE.is_open(local("2026-03-02T18:00"))
    assert not OFFICE.is_open(local("2026-03-01T12:00"))


def test_it_opens_next_after_the_weekend() -> None:
    assert OFFICE.next_open(local("2026-03-06T18:00")) == local("2026-03-09T09:00")


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    assert NIGHT.is_open(local("2026-03-06T23:00"))
    assert NIGHT.is_open(local("2026-03-07T05:59"))
    assert not NIGHT.is_open(local("2026-03-06T05:59"))
    assert not NIGHT.is_open(local("2026-03-07T06:00"))


def test_only_open_hours_count() -> None:
    friday_5pm, monday_10am = local("2026-03-06T17:00"), local("2026-03-09T10:00")
    assert OFFICE.open_time_between(friday_5pm, monday_10am) == 2 * HOUR


def test_a_time_of_open_hours_runs_out_on_the_next_working_day() -> None:
    assert OFFICE.due(local("2026-03-06T17:45"), HOUR) == local("2026-03-09T09:45")
    assert OFFICE.due(local("2026-03-07T11:00"), HOUR) == local("2026-03-09T10:00")


def test_a_lunch_break_does_not_count() -> None:
    split = window("mon-fri", "09:00-12:00, 13:00-18:00")
    assert split.due(local("2026-03-02T11:30"), HOUR) == local("2026-03-02T13:30")


def test_overlapping_spans_count_once() -> None:
    twice = window("mon", "09:00-12:00, 10:00-11:00, 11:00-13:00")
    assert twice.weekly() == 4 * HOUR


def test_whole_days_join_without_a_gap() -> None:
    always = window("mon-sun", "00:00-24:00")
    start = local("2026-03-02T13:00")
    assert always.due(start, 1000 * HOUR) == start + 1000 * HOUR


def test_a_night_in_which_clocks_jump_forward_is_an_hour_shorter() -> None:
    night = window("sat", "22:00-06:00", BERLIN)
    begins, ends = local("2026-03-28T22:00", BERLIN), local("2026-03-29T06:00", BERLIN)
    assert night.open_time_between(begins, ends + HOUR) == 7 * HOUR


def test_a_night_in_which_clocks_fall_back_is_an_hour_longer() -> None:
    night = window("sat", "22:00-06:00", BERLIN)
    begins, ends = local("2026-10-24T22:00", BERLIN), local("2026-10-25T06:00", BERLIN)
    assert night.open_time_between(begins, ends + HOUR) == 9 * HOUR


def test_a_time_in_the_hour_that_clocks_skip_comes_just_as_far_behind_it() -> None:
    early = window("sun", "02:30-05:00", BERLIN)
    assert early.next_open(local("2026-03-29T00:00", BERLIN)) == local(
        "2026-03-29T03:30", BERLIN
    )


def test_a_repeated_hour_counts_twice() -> None:
    early = window("sun", "02:00-03:00", BERLIN)
    midnight = local("2026-10-25T00:00", BERLIN)
    assert early.open_time_between(midnight, midnight + 12 * HOUR) == 2 * HOUR
    assert early.is_open(local("2026-10-25T02:30", BERLIN, fold=1))


def test_a_midnight_that_never_was_leaves_no_gap() -> None:
    # In Chile, clocks jumped from 24:00 on 2026-09-05 to 01:00.
    santiago = ZoneInfo("America/Santiago")
    always = window("mon-sun", "00:00-24:00", santiago)
    start = local("2026-09-05T12:00", santiago)
    assert always.open_time_between(start, start + 48 * HOUR) == 48 * HOUR


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat", {5}),
        ("mon,wed", {0, 2}),
        (["mon", "Wed-fri"], {0, 2, 3, 4}),
        ("fri-mon", {4, 5, 6, 0}),
        ("Sunday", {6}),
    ],
)
def test_days_are_names_and_ranges(text: object, days: set[int]) -> None:
    assert parse_days(text) == days


def test_hours_are_one_span_or_several() -> None:
    assert parse_spans("22:00-06:00") == (Span(begins=1320, ends=1800),)
    assert parse_spans(["13:00-18:00", "9:00-12:00"]) == (
        Span(begins=540, ends=720),
        Span(begins=780, ends=1080),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("9-18", "is not a span of hours; write 09:00-18:00"),
        ("09:00-25:00", "has a time that no day has"),
        ("24:00-06:00", "has a time that no day has"),
        ("09:60-10:00", "has a time that no day has"),
        ("09:00-09:00", "is no time at all"),
        ("", "a text or a list of texts belongs here"),
    ],
)
def test_hours_that_cannot_be_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_spans(text)


def test_a_misspelt_day_or_zone_gets_the_nearest_one() -> None:
    with pytest.raises(ValueError, match="`fry` is not a day; did you mean `fri"):
        parse_days("mon-fry")
    with pytest.raises(ValueError, match="did you mean `Asia/Kolkata`"):
        parse_timezone("Asia/Kolkatta")


@pytest.mark.parametrize(
    "name", ["", "../etc/passwd", "/etc/passwd", "Nowhere", "Asia", "a\0b"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        parse_timezone(name)


MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),
    max_value=datetime(2030, 1, 1),
    timezones=st.just(UTC),
)
MINUTES = st.integers(0, 1439)
SPANS = st.builds(
    lambda begins, length: Span(begins=begins, ends=begins + length),
    MINUTES,
    st.integers(1, 1440),
)
WINDOWS = st.builds(
    Window,
    name=st.just("w"),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    spans=st.lists(SPANS, min_size=1, max_size=3).map(
        lambda spans: tuple(sorted(spans, key=lambda span: span.begins))
    ),
    timezone=st.sampled_from(
        [UTC, BERLIN, KOLKATA, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")]
    ),
)
DURATIONS = st.integers(0, 5 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
# From a window's last moment on, no time at all has passed only when it opens again.
POSITIVE = DURATIONS.filter(bool)


@given(WINDOWS, MOMENTS)
def test_it_opens_at_a_moment_at_which_it_is_open(one: Window, at: datetime) -> None:
    opens = one.next_open(at)
    assert opens >= at
    assert one.is_open(opens)
    assert one.open_time_between(at, opens) == timedelta()


@given(WINDOWS, MOMENTS, DURATIONS, DURATIONS)
def test_open_time_adds_up(
    one: Window, at: datetime, first: timedelta, second: timedelta
) -> None:
    middle, end = at + first, at + first + second
    whole = one.open_time_between(at, end)
    assert whole == one.open_time_between(at, middle) + one.open_time_between(middle, end)
    assert timedelta() <= whole <= end - at


@settings(max_examples=50)
@given(WINDOWS, MOMENTS, DURATIONS)
def test_what_is_due_was_open_exactly_that_long(
    one: Window, at: datetime, duration: timedelta
) -> None:
    due = one.due(at, duration)
    assert one.open_time_between(at, due) == duration


@settings(max_examples=50)
@given(WINDOWS, MOMENTS, DURATIONS, POSITIVE)
def test_waiting_twice_is_waiting_for_the_sum(
    one: Window, at: datetime, first: timedelta, second: timedelta
) -> None:
    assert one.due(one.due(at, first), second) == one.due(at, first + second)


@pytest.mark.parametrize(
    ("found", "at", "morning"),
    [
        (OFFICE, "2026-03-02T10:00", "2026-03-03T09:00"),
        (OFFICE, "2026-03-02T23:59", "2026-03-03T09:00"),
        (OFFICE, "2026-03-06T10:00", "2026-03-09T09:00"),  # a Friday
        (window("mon-fri", "09:00-12:00, 13:00-18:00"), "2026-03-02T10:00", "2026-03-03T09:00"),
        (window("mon-sun", "00:00-24:00"), "2026-03-02T10:00", "2026-03-03T00:00"),
        (NIGHT, "2026-03-06T23:00", "2026-03-13T22:00"),
    ],
)
def test_its_next_morning_is_the_first_opening_of_a_later_day(
    found: Window, at: str, morning: str
) -> None:
    assert found.next_morning(local(at)) == local(morning)


def test_a_morning_behind_the_change_of_clocks_is_that_of_the_wall() -> None:
    berlin = window("mon-sun", "09:00-18:00", BERLIN)
    late = local("2026-03-28T20:00", BERLIN)
    assert berlin.next_morning(late) == local("2026-03-29T09:00", BERLIN)
