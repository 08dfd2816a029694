"""Answers within the size that is read, but not like a page: refused early, or cut up."""

import asyncio
import json
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listing_server import answer, serving
from pydantic import SecretStr

from notifier.core.records import Source
from notifier.errors import UpstreamError
from notifier.upstream.client import MAX_BYTES, Client, Listing
from notifier.upstream.entries import CALL_BYTES, CALL_VALUES
from notifier.upstream.page import MAX_BAD_ROWS, Page, parse_page
from notifier.upstream.split import MAX_ROWS, STEP_BYTES, split_rows

MEGABYTE = 1024 * 1024
LISTING = Listing(
    source=Source(name="website", bot_id="bot-1", customer_id="customer-1"),
    listing_type="lead",
    token=SecretStr("tok-s3cret"),
)
DEEP = b"[" * 2_000 + b"]" * 2_000
LEAD = b'{"_id": "a", "status": "OPEN"}'


def body(*rows: bytes) -> bytes:
    return b'{"success": true, "data": [' + b",".join(rows) + b"]}"


def filled(row: bytes, *, first: bytes = LEAD) -> bytes:
    """Return a page of the greatest size that is read, of the same row again and again."""
    count = (MAX_BYTES - len(first) - 100) // (len(row) + 1)
    return body(first, *[row] * count)


def leads(count: int) -> Iterator[bytes]:
    return (b'{"_id": "%d"}' % number for number in range(count))


def ids(page: Page) -> list[str]:
    return [one.lead_id for one in page.rows]


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (lambda: filled(b"[]"), "more than 1000 records"),
        (lambda: filled(b"{}"), "more than 1000 records"),
        (lambda: filled(b"{}", first=DEEP), "more than 1000 records"),
        (lambda: filled(b"12345678"), "more than 1000 records"),
        (lambda: body(*leads(250_000)), "more than 1000 records"),
        (lambda: body(*leads(1_001)), "1001 records"),
        (
            lambda: b'{"data": [], "x": "' + b"x" * 5 * MEGABYTE + b'"}',
            "bytes beside its records",
        ),
        (lambda: b'{"data": [], "x": "' + b"x" * 5 * MEGABYTE, "more than|broken"),
        (lambda: b'{"x": "' + b"x" * 5 * MEGABYTE + b'"}', "broken"),
        (lambda: b"[" + b"{}," * 10 * MEGABYTE + b"{}]", "JSON list"),
        (lambda: b"<html>" + b"x" * 5 * MEGABYTE, "HTML"),
        (lambda: b" " * 5 * MEGABYTE, "nothing"),
        (lambda: b'{"data": [' + b" " * 5 * MEGABYTE, "broken"),
        (lambda: body(LEAD, b'{"t": "' + b"x" * 5 * MEGABYTE), "broken"),
        (lambda: body(LEAD, b'{"t": "' + b"\\" * 5 * MEGABYTE), "broken"),
        (lambda: body(LEAD, *[b"{}"] * 9, DEEP, b"{}"), "11 of the 12 records"),
    ],
    ids=range(16),
)
def test_what_is_no_page_is_refused_for_less_memory_than_it_has_itself(
    made: Callable[[], bytes], problem: str
) -> None:
    answer = made()
    tracemalloc.start()
    try:
        with pytest.raises(UpstreamError, match=problem):
            parse_page(answer)
        assert tracemalloc.get_traced_memory()[1] < len(answer) + MEGABYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "made",
    [
        lambda: body(b'{"_id": "a", "x": [' + b"{}," * 500_000 + b"1]}"),
        lambda: body(b"[" * 20 * MEGABYTE),
        lambda: b'{"x": [' + b"1," * 2_600_000 + b'1], "data": []}',
        lambda: body(b'"a"' * 2 * MEGABYTE),
    ],
    ids=["one row", "depth", "envelope", "no commas"],
)
def test_an_answer_of_too_many_values_is_given_up_before_any_is_parsed(
    made: Callable[[], bytes],
) -> None:
    with pytest.raises(UpstreamError, match="1000000 values"):
        parse_page(made())


def test_a_page_has_a_thousand_rows_and_not_one_more() -> None:
    assert len(parse_page(body(*leads(MAX_ROWS))).rows) == MAX_ROWS
    assert len(parse_page(body(DEEP, *leads(MAX_ROWS - 1))).rows) == MAX_ROWS - 1
    for first in (LEAD, DEEP):
        with pytest.raises(UpstreamError, match="records"):
            parse_page(body(first, *leads(MAX_ROWS)))


def test_bad_rows_beyond_some_are_counted_and_the_good_ones_live() -> None:
    page = parse_page(body(*[b"{}"] * 14, *leads(20)))
    assert len(page.rows) == 20
    assert (len(page.bad), page.more_bad) == (MAX_BAD_ROWS, 4)


def test_few_bad_rows_are_a_page_however_few_are_good() -> None:
    assert len(parse_page(body(*[b"{}"] * MAX_BAD_ROWS)).bad) == MAX_BAD_ROWS


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b'{"_id": "b", "t": "' + b"x" * CALL_BYTES + b'"}', "bytes"),
        (b'{"_id": "b", "t": "' + b'\\"' * CALL_BYTES + b'"}', "bytes"),
        (b'{"_id": "b", "t": ' + b" " * CALL_BYTES + b"1}", "bytes"),
        (b'{"_id": "b", "t": [' + b"1," * CALL_VALUES + b"1]}", "values"),
    ],
    ids=["text", "escapes", "blanks", "numbers"],
)
def test_a_row_too_large_for_one_call_is_set_aside_unread(row: bytes, reason: str) -> None:
    page = parse_page(body(b'{"_id": "a"}', row, b'{"_id": "z"}'))
    assert ids(page) == ["a", "z"]
    assert [reason in bad.reason for bad in page.bad] == [True]


def test_messages_of_a_megabyte_are_read_whole_on_every_row() -> None:
    texts = ['say "hi", \\ [{' * 80_000, "[,{" * 350_000, "☎" * 350_000]
    rows = [json.dumps({"_id": str(n), "t": text}).encode() for n, text in enumerate(texts * 4)]
    page = parse_page(body(*rows))
    assert [one.row["t"] for one in page.rows] == texts * 4


@settings(max_examples=20)
@given(
    before=st.integers(STEP_BYTES - 40, STEP_BYTES + 10),
    pieces=st.lists(st.sampled_from(['"', "\\", "x", "[", ",", "\\u0041", "☎"]), max_size=30),
)
def test_where_a_step_ends_changes_nothing(before: int, pieces: list[str]) -> None:
    rows = [{"_id": "x" * before, "t": "".join(pieces)}, ["", "]", 1], "\\" * 2_100]
    envelope = {"data": rows, "success": True}
    rest, raw_rows = split_rows(json.dumps(envelope).encode())
    assert [json.loads(bytes(raw.text)) for raw in raw_rows] == rows
    assert json.loads(rest) == {"data": [], "success": True}


def test_a_page_too_large_for_one_call_says_the_same_as_its_rows_do() -> None:
    rows = [
        b'{"_id": "n", "n": NaN}',
        b'{"_id": "s", "s": 1, "s": 2}',
        b'{"_id": "\xff"}',
        b"null",
        DEEP,
        b'{"_id": "b", "n": 1' + b"0" * 5_000 + b"}",
    ]
    large = parse_page(body(b'{"_id": "t", "t": "' + b"x" * 4_000_000 + b'"}', *rows * 100))
    small = parse_page(body(*rows))
    assert large.rows[1:4] == small.rows
    assert large.bad[:3] == small.bad


async def test_the_loop_goes_on_while_a_large_answer_is_read_and_the_next_is_told() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    hostile = body(b'{"_id": "a", "x": [' + b"{}," * 500_000 + b"1]}")
    async with serving(answer(hostile)) as server, Client(server.url, timeout_s=30) as asks:
        counting = asyncio.create_task(count())
        with pytest.raises(UpstreamError, match="more than any page"):
            await asks.page(LISTING, 1)
        server.parts[:] = [answer(body(LEAD))]
        assert ids(await asks.page(LISTING, 1)) == ["a"]
        counting.cancel()
    # So many marks are gone over: on the loop that would be a single turn.
    assert turns > 50
