"""A row's scalars, whatever type they came in, and moments as milliseconds."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.rows import Json, integer, moment_of, ms_of


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (3.0, 3),
        (3.5, None),
        (float("nan"), None),
        (float("inf"), None),
        (float("-inf"), None),
        (2**63, None),
        (1e300, None),
        (True, None),
        ("3", None),
        (None, None),
    ],
)
def test_a_whole_number_is_one_in_value_and_type(value: Json, number: int | None) -> None:
    assert integer(value) == number


def test_a_moment_of_more_precision_is_rounded_down() -> None:
    assert ms_of(datetime(1970, 1, 1, 0, 0, 1, 1_999, tzinfo=UTC)) == 1_001


@given(st.integers(0, 4_000_000_000_000))
@example(1_076_486_820_824)  # one less by way of a float of seconds
def test_milliseconds_survive_the_way_through_a_moment(at_ms: int) -> None:
    assert ms_of(moment_of(at_ms)) == at_ms
