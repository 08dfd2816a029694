"""A row's scalars, whatever type they came in, and moments as milliseconds."""

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.core.rows import (
    Json,
    canonical,
    instant,
    integer,
    moment_of,
    ms_of,
    parse_time,
    record_id,
    to_storable,
)


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


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00+05:30",
        "0001-12-31T23:59:59.999Z",
        "0001-01-01",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59-12:00",
        "9999-01-01T00:00:00Z",
    ],
)
def test_the_first_and_the_last_year_are_no_time(text: str) -> None:
    assert parse_time(text) is None
    assert instant(text) is None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0002-01-01T00:00:00Z", "0002-01-01T00:00:00.000Z"),
        ("9998-12-31T23:59:59.999Z", "9998-12-31T23:59:59.999Z"),
        ("2026-03-02T10:00:00+05:30", "2026-03-02T04:30:00.000Z"),
        ("2026-03-02T10:00:00", "2026-03-02T10:00:00.000Z"),
        ("yesterday", None),
        (1772445600000, None),
    ],
)
def test_a_time_is_read_as_utc(text: Json, read: str | None) -> None:
    assert parse_time(text) == read


def test_what_no_database_takes_is_cleaned_at_the_door() -> None:
    row, written = to_storable({"_id": "a\0b", "n\0": [2**64, "\ud800", r"\u0000"]})
    assert record_id(row) == "a\ufffdb"
    assert row == {"_id": "a\ufffdb", "n\ufffd": ["18446744073709551616", "?", r"\u0000"]}
    assert b"\\u0000" in written
    assert rb'"\u0000"' not in written


def test_the_canonical_bytes_are_those_of_stored_digests() -> None:
    row = {"b": 1e16, "a": [1e22, 1e-7, 0.1, -0.0, 1, None], "c": "\x7f\x01\b/é"}
    written = b'{"a":[1e+22,1e-7,0.1,-0.0,1,null],"b":1e+16,"c":"\x7f\\u0001\\b/\xc3\xa9"}'
    assert canonical(row) == written
