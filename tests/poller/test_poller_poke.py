"""A poke: a head poll at once, beside those at fixed distances, one a second at most."""

import asyncio
from collections.abc import Iterator

import pytest
from poller_house import Build, House, houses

from notifier.core.records import LEAD, NON_LEAD
from notifier.errors import UpstreamPausedError
from notifier.simulator.listing import Order
from support.databases import Database


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def idle(build: Build, **options: object) -> House:
    """Return a house that polled each minute, 30 seconds after its latest poll."""
    house = build(head_s=60, **{"sweep_s": 0} | options)
    house.world.populate(2)
    house.poll(90)
    return house


def poke(house: House) -> None:
    for poller in house.pollers:
        house.loop.call_soon(poller.poke)


def polled(house: House, *, since_s: float) -> list[float]:
    """Return how many seconds later each first page was asked for."""
    return [
        round(one.at_s - since_s, 2)
        for one in house.pages.asked
        if one.number == 1 and one.at_s >= since_s
    ]


def test_a_change_is_seen_at_once_and_the_polls_keep_their_distance(build: Build) -> None:
    house = idle(build)
    lead = house.world.create()
    before = house.loop.time()
    poke(house)
    house.poll(0.1)
    assert house.told() == [("lead.created", lead)]
    house.poll(100)
    assert polled(house, since_s=before) == [0.0, 30.0, 90.0]


def test_each_listing_of_the_source_is_polled(build: Build) -> None:
    house = idle(build, types=(LEAD, NON_LEAD))
    before = house.loop.time()
    poke(house)
    house.poll(0.5)
    asked = {one.listing_type for one in house.pages.asked if one.at_s >= before}
    assert asked == {LEAD, NON_LEAD}


def test_pokes_within_a_second_are_one_and_what_follows_the_poll_is_not_lost(
    build: Build,
) -> None:
    house = idle(build)
    before = house.loop.time()
    for _ in range(9):  # the poll of the first begins before the second comes
        poke(house)
        house.poll(0.1)
    late = house.world.create()
    poke(house)
    house.poll(20)
    assert polled(house, since_s=before) == [0.0, 1.0]
    assert house.told() == [("lead.created", late)]


def test_one_that_comes_while_a_poll_is_under_way_gets_its_own(build: Build) -> None:
    house = idle(build)
    before = house.loop.time()
    poke(house)
    house.poll(0.01)
    poke(house)
    house.poll(5)
    assert polled(house, since_s=before) == [0.0, 1.0]


def test_a_poll_by_the_clock_just_before_takes_nothing_away_from_it(build: Build) -> None:
    house = idle(build)
    house.poll(30.2)
    before = house.loop.time()
    poke(house)
    house.poll(5)
    assert polled(house, since_s=before) == [0.0]


def test_the_budget_holds(build: Build) -> None:
    house = idle(build, limit=4)
    before = house.loop.time()
    for _ in range(600):
        poke(house)
        house.poll(0.1)
    assert len(polled(house, since_s=before)) == 4


def test_a_pause_that_the_upstream_asked_for_still_holds(build: Build) -> None:
    house = idle(build)
    before = house.loop.time()
    paused = UpstreamPausedError("too many requests (429)", retry_after_s=20)
    house.pages.faults.append(paused)
    poke(house)
    house.poll(2)
    poke(house)
    house.poll(27)
    first, *later = polled(house, since_s=before)
    assert first == 0.0
    # The one that was refused goes on, and the second poke's follows it.
    assert [round(at_s) for at_s in later] == [20, 20]


def test_it_goes_before_a_full_walk_that_waits_for_its_turn(build: Build) -> None:
    house = build(head_s=60, order=Order.CREATED_ASC)
    house.slots = asyncio.Semaphore(1)
    house.world.populate(30)
    house.poll(5 * 60 + 1)
    house.loop.run_until_complete(house.slots.acquire())
    house.poll(30)
    before = house.loop.time()
    poke(house)
    house.poll(10)
    assert polled(house, since_s=before) == [0.0]


def test_one_before_the_first_walk_is_complete_changes_nothing(build: Build) -> None:
    house = build(head_s=60, sweep_s=0)
    house.world.populate(30)
    house.start()
    poke(house)
    house.poll(30)
    assert house.told() == []
    assert house.requests()[:3] == [("lead", 1), ("lead", 2), ("lead", 3)]


def test_a_source_that_is_stopping_takes_one_without_a_word(build: Build) -> None:
    house = idle(build)
    house.stop()
    before = house.loop.time()
    poke(house)
    house.loop.run_until_complete(asyncio.sleep(5))
    assert polled(house, since_s=before) == []
