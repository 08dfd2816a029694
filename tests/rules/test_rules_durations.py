from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.rules.durations import format_duration, parse_duration, parse_duration_ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("500ms", 500),
        ("15s", 15_000),
        ("5m", 300_000),
        ("6h", 21_600_000),
        ("2d", 172_800_000),
        ("1h30m", 5_400_000),
        ("1m500ms", 60_500),
        ("0", 0),
        ("0s", 0),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, ms: int) -> None:
    assert parse_duration_ms(text) == ms


@pytest.mark.parametrize(
    "text",
    ["", "5", "5 m", "m", "30m1h", "5m5m", "-5m", "1.5h", "5M", "٥m", "99999999999d", "11y"],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration; write 500ms"):
        parse_duration(text)


def test_ten_years_are_the_most() -> None:
    assert parse_duration("3650d") == timedelta(days=3650)
    with pytest.raises(ValueError, match="longer than ten years"):
        parse_duration("3651d")


@given(st.integers(min_value=0, max_value=3650 * 86_400_000))
def test_a_formatted_duration_is_read_back_unchanged(ms: int) -> None:
    assert parse_duration_ms(format_duration(timedelta(milliseconds=ms))) == ms
