"""A row's scalars, whatever type they came in."""

import pytest

from notifier.rows import Json, integer


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
