"""Whom a `for` rule accuses after a time in which nothing was read."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest
from poller_house import Build, House, houses

from notifier.simulator.listing import Order
from support.databases import Database
from support.rules import ruleset

RULES = ruleset(
    """
destinations: {screen: {type: console}}
rules:
  - {name: Nobody has it, if: {status: OPEN, assignee: null}, for: 30m, send: screen}
"""
)
HOUR_S = 3600
LONG_S, SHORT_S = HOUR_S, 600
Pause: TypeAlias = Callable[[House, float], None]


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def waiting(build: Build, *, order: Order) -> tuple[House, str]:
    """Return a house, slow to read, and a lead on a later page that waits for 25 minutes."""
    house = build(order=order, limit=6, rules=RULES)
    house.world.populate(9)
    house.poll(400)
    lead = house.world.create(status="OPEN")
    house.poll(1500)
    return house, lead


def overdue(house: House) -> list[str]:
    return [subject for kind, subject in house.told() if kind == "lead.overdue"]


def away(house: House, seconds: float) -> None:
    house.kill()
    house.away(seconds)


def unread(house: House, seconds: float) -> None:
    house.pages.hangs = lambda _bot: True
    house.poll(seconds)
    house.pages.hangs = lambda _bot: False


@pytest.mark.parametrize("pause", [away, unread])
@pytest.mark.parametrize("order", [Order.CREATED_ASC, Order.UPDATED_DESC])
def test_a_lead_that_somebody_got_meanwhile_is_not_accused(
    build: Build, pause: Pause, order: Order
) -> None:
    house, lead = waiting(build, order=order)
    house.world.assign(lead, "agent")
    pause(house, LONG_S)
    house.poll(HOUR_S)
    assert overdue(house) == []
    assert ("lead.assigned", lead) in house.told()


@pytest.mark.parametrize("pause", [away, unread])
def test_one_that_waits_on_is_told_of_once_all_pages_were_read(
    build: Build, pause: Pause
) -> None:
    house, lead = waiting(build, order=Order.CREATED_ASC)
    pause(house, LONG_S)
    before_s = house.loop.time()
    while not overdue(house):
        house.poll(1)
        assert house.loop.time() - before_s < HOUR_S
    read = {number for _, number in house.requests(since_s=before_s)}
    assert read >= {1, 2, 3, 4}
    assert overdue(house) == [lead]


def test_after_a_short_pause_the_first_page_is_enough(build: Build) -> None:
    house, lead = waiting(build, order=Order.CREATED_ASC)
    away(house, SHORT_S)
    house.poll(20)
    assert overdue(house) == [lead]


def test_a_round_that_reads_all_pages_tells_who_waits(build: Build) -> None:
    house, lead = waiting(build, order=Order.CREATED_ASC)
    away(house, LONG_S)
    assert house.once()
    assert overdue(house) == [lead]
