"""Whom a `for` rule tells of in single rounds, as a scheduler makes them."""

from collections.abc import Iterator

import pytest
from poller_house import Build, houses

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


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


@pytest.mark.parametrize("order", [Order.CREATED_ASC, Order.UPDATED_DESC])
def test_a_round_tells_who_waits_and_not_who_got_an_owner(build: Build, order: Order) -> None:
    house = build(order=order, rules=RULES)
    house.world.populate(9)
    assert house.once()
    waits, owned = (house.world.create(status="OPEN") for _ in range(2))
    assert house.once()
    house.away(3600)
    house.world.assign(owned, "agent")
    assert house.once()
    assert [who for what, who in house.told() if what == "lead.overdue"] == [waits]
