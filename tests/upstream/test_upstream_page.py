"""The bytes of an answer, good, hostile and broken, against what becomes of them."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.errors import UpstreamError
from notifier.upstream.page import Page, parse_page
from notifier.upstream.split import split_rows

GOOD = '{"_id": "a", "status": "OPEN"}'
DEEP = "[" * 100_000 + "]" * 100_000


def body(*rows: str) -> bytes:
    return f'{{"success": true, "code": 200, "data": [{",".join(rows)}]}}'.encode()


def ids(page: Page) -> list[str]:
    return [reading.lead_id for reading in page.rows]


def test_rows_come_out_in_the_listings_order() -> None:
    page = parse_page(body('{"_id": "b"}', '{"_id": "a"}'))
    assert ids(page) == ["b", "a"]
    assert page.bad == ()


def test_an_empty_data_list_is_an_empty_page() -> None:
    assert parse_page(body()) == Page(rows=())


def test_an_id_that_stands_twice_on_a_page_is_read_twice() -> None:
    page = parse_page(body('{"_id": "a", "status": "OPEN"}', '{"_id": "a"}'))
    assert [reading.row for reading in page.rows] == [
        {"_id": "a", "status": "OPEN"},
        {"_id": "a"},
    ]


def test_the_order_of_keys_changes_no_digest_and_any_value_does() -> None:
    one, same, other = parse_page(
        body('{"_id": "a", "n": 1}', '{"n": 1, "_id": "a"}', '{"_id": "a", "n": 2}')
    ).rows
    assert one.digest == same.digest != other.digest
    assert len(one.digest) == 16


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"", "nothing"),
        (b"  \n", "nothing"),
        (b"<!doctype html><p>Maintenance", "HTML"),
        (b"null", "NoneType"),
        (b"[]", "list"),
        (b'"ok"', "str"),
        (b"{}", "without a data list"),
        (b'{"success": true, "data": null}', "without a data list"),
        (b'{"success": true, "data": {"a": 1}}', "without a data list"),
        (b'{"success": false, "data": []}', "success: false"),
        (b'{"success": false, "code": 401, "data": []}', "code 401"),
        (b'{"success": "no", "data": []}', "success: false"),
        (b'{"success": true, "data": [{"_id": "a"}, {"_i', "broken or truncated"),
        (b'{"success": true, "data": [{"_id": "a"},]}', "broken or truncated"),
        (body(GOOD, DEEP)[:-50], "broken or truncated"),
        (body(GOOD, DEEP, "{oops}"), "broken or truncated"),
        (b'{"data": [], "success": ' + DEEP.encode() + b"}", "broken or truncated"),
    ],
)
def test_an_answer_that_is_no_page_is_a_failed_request(answer: bytes, problem: str) -> None:
    with pytest.raises(UpstreamError, match=problem):
        parse_page(answer)


def test_every_cut_through_a_page_is_a_failed_request() -> None:
    whole = body(GOOD, '{"_id": "ü€😀", "x": [1, {"y": null}]}')
    for length in range(len(whole)):
        with pytest.raises(UpstreamError):
            parse_page(whole[:length])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("null", "NoneType"),
        ("[]", "list"),
        ("{}", "no text in _id"),
        ('{"_id": 17}', "no text in _id"),
        ('{"_id": "  "}', "no text in _id"),
        (json.dumps({"_id": "x" * 10_000}), "10000 characters"),
        (DEEP, "nested"),
        ('{"_id": "b", "x": ' + "[" * 300 + "]" * 300 + "}", "nested"),
        ('{"_id": "b", "x": ' + DEEP + "}", "nested"),
        ('{"_id": "b", "n": ' + "9" * 5_000 + "}", "endless number"),
    ],
)
def test_one_bad_row_is_set_aside_and_the_others_live(row: str, reason: str) -> None:
    page = parse_page(body(GOOD, row, '{"_id": "z"}'))
    assert ids(page) == ["a", "z"]
    assert len(page.bad) == 1
    assert reason in page.bad[0].reason
    assert page.bad == parse_page(body(row)).bad


def test_bad_rows_are_told_apart_by_their_digest_and_known_by_their_id() -> None:
    nested = "[" * 300 + "]" * 300
    first, second, third = parse_page(body("null", "[]", f'{{"_id": "b", "x": {nested}}}')).bad
    assert len({first.digest, second.digest, third.digest}) == 3
    assert third.lead_id == "b"


def test_a_walk_tells_bad_rows_apart_too() -> None:
    page = parse_page(body(GOOD, "null"))
    assert page.ids == ("a", page.bad[0].digest.hex())


def test_nan_duplicate_keys_stray_bytes_and_a_byte_order_mark_are_let_pass() -> None:
    answer = b"\xef\xbb\xbf" + body('{"_id": "a", "n": NaN, "s": 1, "s": 2, "t": "\\ud800"}')
    reading = parse_page(answer.replace(b'"t"', b'"\xff"')).rows[0]
    assert reading.row == {"_id": "a", "n": None, "s": 2, "\N{REPLACEMENT CHARACTER}": "?"}


@pytest.mark.parametrize("value", ["NaN", "1e999", "9" * 30, '"\\ud800"', '"\\u0000"', "1.0"])
def test_a_reading_is_what_its_stored_bytes_give_back(value: str) -> None:
    reading = parse_page(body(f'{{"_id": "a", "n": {value}}}')).rows[0]
    again = orjson.dumps(reading.row).decode()
    assert parse_page(body(again)).rows == (reading,)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_a_row_reads_the_same_where_the_whole_is_no_strict_json(value: object) -> None:
    answer = body(json.dumps({"_id": "a", "value": value}))
    assert parse_page(b"\xef\xbb\xbf" + answer) == parse_page(answer)


def test_a_last_message_of_a_megabyte_is_read_whole() -> None:
    text = 'say "hi" \\ [{' * 80_000
    answer = body(json.dumps({"_id": "a", "lastMessage": {"text": text}}), DEEP)
    assert parse_page(answer).rows[0].row["lastMessage"]["text"] == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(rows=st.lists(JSON, max_size=6), indent=st.sampled_from([None, 0, 2]))
def test_a_body_cut_into_rows_says_the_same_as_the_body(rows: list[Any], indent: int) -> None:
    envelope = {"message": '"data": [', "x": {"data": [1]}, "data": rows, "success": True}
    rest, raw_rows = split_rows(json.dumps(envelope, indent=indent).encode())
    assert [json.loads(bytes(raw.text)) for raw in raw_rows] == rows
    assert json.loads(rest) == {**envelope, "data": []}


@given(noise=st.text(alphabet='"\\[]{},: data1', max_size=60).map(str.encode))
def test_cutting_noise_is_refused_or_ends(noise: bytes) -> None:
    try:
        rest, raw_rows = split_rows(noise)
    except ValueError:
        return
    assert len(rest) + sum(len(raw.text) for raw in raw_rows) <= len(noise)


@given(noise=st.binary(max_size=60) | st.text(alphabet='"\\[]{},: adt_i1').map(str.encode))
def test_whatever_comes_is_a_page_or_a_failed_request(noise: bytes) -> None:
    for answer in (
        noise,
        b'{"data": [' + noise + b"]}",
        body("[" * 2_000 + "]" * 2_000, noise.decode("latin-1")),
    ):
        try:
            page = parse_page(answer)
        except UpstreamError:
            continue
        assert all(len(bad.digest) == 16 for bad in page.bad)
