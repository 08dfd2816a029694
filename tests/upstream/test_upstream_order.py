"""Listings in every order, and whether the witness tells them apart."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.rows import Row, iso_ms
from notifier.upstream.order import Order, OrderWitness, settled

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: int) -> str:
    return iso_ms(START + timedelta(minutes=minute))


def lead(n: int, *, updated: int | None = None, spoke: int | None = None) -> dict[str, Any]:
    """A lead created in minute ``n`` and, unless told, never touched again."""
    return {
        "_id": f"{n:024x}",
        "createdAt": at(n),
        "updatedAt": at(n if updated is None else updated),
        "lastMessage": {"at": at(n if spoke is None else spoke)},
    }


LIVELY = [lead(n, updated=1000 + n * 37 % 61, spoke=500 + n * 23 % 61) for n in range(60)]


def witnessed(rows: Sequence[Row], *, size: int = 20) -> Order:
    witness = OrderWitness()
    for number, start in enumerate(range(0, len(rows), size), 1):
        witness.page(number, rows[start : start + size])
    return witness.order()


def spoke(row: Row) -> str:
    return str(row["lastMessage"]["at"])


@pytest.mark.parametrize(
    ("key", "reverse", "order"),
    [
        (lambda row: row["updatedAt"], True, Order.UPDATED_DESC),
        (lambda row: row["createdAt"], True, Order.CREATED_DESC),
        (spoke, True, Order.LAST_MESSAGE_DESC),
        (lambda row: row["updatedAt"], False, Order.ASCENDING),
        (lambda row: row["createdAt"], False, Order.ASCENDING),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 20, 100])
def test_each_order_is_told_whatever_the_page_size(
    key: Callable[[Row], Any], reverse: bool, order: Order, size: int
) -> None:
    rows = sorted(LIVELY, key=key, reverse=reverse)
    assert witnessed(rows, size=size) is order


def test_only_the_order_of_changes_lets_a_head_poll_stop_early() -> None:
    assert [order for order in Order if order.newest_change_first] == [Order.UPDATED_DESC]


def test_ids_alone_tell_an_order_too() -> None:
    rows = [{"_id": row["_id"]} for row in reversed(LIVELY)]
    assert witnessed(rows) is Order.ID_DESC


def test_one_old_lead_on_top_proves_the_order_of_changes() -> None:
    rows = [lead(3, updated=99), *(lead(n) for n in range(40, 10, -1))]
    assert witnessed(rows) is Order.UPDATED_DESC


def test_one_changed_lead_left_in_its_place_proves_the_order_of_creation() -> None:
    rows = [lead(n, updated=99 if n == 30 else n) for n in range(40, 10, -1)]
    assert witnessed(rows) is Order.CREATED_DESC


def test_leads_that_were_never_touched_prove_nothing() -> None:
    assert witnessed([lead(n) for n in range(40, 0, -1)]) is Order.UNKNOWN


def test_a_handful_of_leads_proves_nothing() -> None:
    rows = sorted(LIVELY[:8], key=lambda row: row["updatedAt"], reverse=True)
    assert witnessed(rows) is Order.UNKNOWN


def test_an_empty_listing_and_equal_times_prove_nothing() -> None:
    assert witnessed([]) is Order.UNKNOWN
    assert witnessed([{"updatedAt": at(1)}] * 50) is Order.UNKNOWN


@pytest.mark.parametrize("broken", [None, "", 17, "soon", {"at": 1}])
def test_unusable_times_are_passed_over(broken: Any) -> None:
    rows = sorted(LIVELY, key=lambda row: row["updatedAt"], reverse=True)
    mixed = [dict(row, updatedAt=broken) if n % 3 == 0 else row for n, row in enumerate(rows)]
    assert witnessed(mixed) is Order.UPDATED_DESC


def test_a_row_out_of_place_does_not_hide_the_order() -> None:
    rows = sorted(LIVELY, key=lambda row: row["updatedAt"], reverse=True)
    rows[30] = dict(rows[30], updatedAt=at(9_999))
    assert witnessed(rows) is Order.UPDATED_DESC


def test_a_page_read_again_after_a_pause_breaks_no_order() -> None:
    rows = sorted(LIVELY, key=lambda row: row["updatedAt"], reverse=True)
    witness = OrderWitness()
    for number in (1, 2, 3, 2, 3, 2, 3):
        witness.page(number, rows[number * 20 - 20 : number * 20])
    assert witness.order() is Order.UPDATED_DESC


@given(
    size=st.integers(2, 20),
    grown=st.lists(st.integers(0, 3), min_size=60, max_size=60),
)
def test_rows_that_shift_between_pages_break_no_order(size: int, grown: list[int]) -> None:
    rows: list[Row] = sorted(LIVELY, key=lambda row: row["updatedAt"], reverse=True)
    witness, minute = OrderWitness(), 2_000
    for number in range(1, 200):
        witness.page(number, rows[number * size - size : number * size])
        for _ in range(min(grown[number % 60], size - 1)):
            minute += 1
            rows = [dict(rows[-1], updatedAt=at(minute)), *rows[:-1]]
        if number * size > 80:
            break
    assert witness.order() is Order.UPDATED_DESC


@given(seed=st.integers(0, 10_000))
def test_chance_is_no_order(seed: int) -> None:
    rows = list(LIVELY)
    random.Random(seed).shuffle(rows)
    assert witnessed(rows) is Order.NONE


def test_a_walk_that_proved_nothing_changes_nothing() -> None:
    assert settled(Order.UPDATED_DESC, Order.UNKNOWN) is Order.UPDATED_DESC
    assert settled(Order.UPDATED_DESC, Order.NONE) is Order.NONE
    assert settled(Order.UNKNOWN, Order.UPDATED_DESC) is Order.UPDATED_DESC
