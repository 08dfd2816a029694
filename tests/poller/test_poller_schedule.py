"""When each of many sources is polled: spread out, at fixed distances, and in time."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import pytest
from poller_house import Build, House, houses

from notifier.errors import UpstreamPausedError
from notifier.poller.heads import first_polls
from notifier.simulator.listing import Order
from support.databases import Database

PAUSED = UpstreamPausedError("too many requests (429)", retry_after_s=50)
INTERVAL_S = 15


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def bots(count: int) -> list[str]:
    return [f"{n:024x}" for n in range(1, count + 1)]


def head_polls(house: House, *, since_s: float = 0) -> dict[str, list[float]]:
    """Return when each bot's first page was asked for."""
    found = defaultdict(list)
    for one in house.pages.asked:
        if one.number == 1 and one.at_s >= since_s:
            found[one.bot_id].append(one.at_s)
    return found


def test_a_single_source_is_polled_at_once() -> None:
    assert first_polls(1, now_ms=7_000, interval_ms=15_000) == [7_000]


def test_a_few_sources_begin_within_a_moment() -> None:
    assert first_polls(3, now_ms=7_000, interval_ms=15_000) == [7_000, 7_020, 7_040]


def test_many_sources_share_an_interval_evenly() -> None:
    first_ms = first_polls(5_000, now_ms=0, interval_ms=15_000)
    assert first_ms[-1] < 15_000
    assert {later - earlier for earlier, later in pairwise(first_ms)} == {3}


def test_without_sources_there_is_nothing_to_poll() -> None:
    assert first_polls(0, now_ms=0, interval_ms=15_000) == []


def test_polls_keep_their_distance_however_long_the_upstream_takes(build: Build) -> None:
    house = build(sweep_s=0)
    house.world.populate(2)
    house.poll(1)
    begun_s = house.pages.asked[0].at_s
    before = house.loop.time()
    house.poll(100 * INTERVAL_S)
    (polls,) = head_polls(house, since_s=before).values()
    assert [round(at_s - begun_s, 3) for at_s in polls] == [
        INTERVAL_S * n for n in range(1, 101)
    ]


def test_many_sources_are_never_polled_at_one_instant(build: Build) -> None:
    house = build(bots=bots(40), limit=10_000, sweep_s=0)
    for _ in range(2):  # at a first start, and at a restart with all baselines known
        house.start()
        before = house.loop.time()
        house.poll(10 * INTERVAL_S)
        house.kill()
        polls = head_polls(house, since_s=before + INTERVAL_S)
        assert len(polls) == 40
        times = sorted(at_s for ats in polls.values() for at_s in ats)
        assert max(sum(at <= b < at + 0.099 for b in times) for at in times) <= 5


def test_sources_whose_upstream_hangs_delay_no_other(build: Build) -> None:
    house = build(bots=bots(20), limit=10_000, sweep_s=0)
    house.poll(INTERVAL_S)
    hanging = set(bots(20)[::2])
    house.pages.hangs = hanging.__contains__
    before = house.loop.time()
    house.poll(10 * INTERVAL_S)
    polls = head_polls(house, since_s=before)
    begun_s = {bot_id: INTERVAL_S + 0.02 * place for place, bot_id in enumerate(bots(20))}
    for bot_id in set(bots(20)) - hanging:
        assert [round(at_s - begun_s[bot_id], 3) for at_s in polls[bot_id]] == [
            INTERVAL_S * n for n in range(10)
        ]


def test_a_single_round_asks_for_many_sources_one_after_another(build: Build) -> None:
    house = build(bots=bots(5), limit=10_000)
    assert house.once()
    times = [one.at_s for one in house.pages.asked if one.number == 1]
    assert [round(at_s, 3) for at_s in times] == [0.0, 0.02, 0.04, 0.06, 0.08]


def test_head_polls_are_in_time_while_a_full_walk_waits_for_its_turn(build: Build) -> None:
    house = build(order=Order.CREATED_ASC)
    house.slots = asyncio.Semaphore(1)
    house.world.populate(30)
    house.poll(5 * 60 + 1)
    house.loop.run_until_complete(house.slots.acquire())
    before = house.loop.time()
    house.poll(9 * INTERVAL_S)  # the tenth turn is the full walk's, come what may
    assert [round(one.at_s) for one in house.pages.asked if one.at_s >= before] == [
        5 * 60 + INTERVAL_S * n for n in range(1, 10)
    ]
    house.slots.release()
    before = house.loop.time()
    house.poll(INTERVAL_S)
    assert any(number > 1 for _, number in house.requests(since_s=before))


def test_after_a_pause_a_source_makes_up_for_one_poll_alone_and_keeps_its_place(
    build: Build,
) -> None:
    house = build(sweep_s=0)
    house.world.populate(2)
    house.poll(60)
    house.pages.faults.append(PAUSED)
    house.poll(20)
    before = house.loop.time()
    house.poll(120)
    (polls,) = head_polls(house, since_s=before).values()
    # The poll that was refused goes on, and one of the three that are overdue is made.
    assert [round(at_s) for at_s in polls] == [110, 110, 120, 135, 150, 165, 180, 195]


def test_a_reload_keeps_every_sources_distance(build: Build) -> None:
    house = build(bots=bots(40), limit=10_000, sweep_s=0, head_s=60)
    house.poll(100)
    begun_s = {bot_id: 0.02 * place for place, bot_id in enumerate(bots(40))}
    for _ in range(3):
        house.reload()
        house.poll(7)
    house.poll(120)
    polls = head_polls(house, since_s=61)
    assert {
        bot_id: [round(at_s - begun_s[bot_id], 3) for at_s in polls[bot_id]] for bot_id in polls
    } == {bot_id: [120.0, 180.0, 240.0] for bot_id in bots(40)}


def test_after_a_reload_a_poll_that_was_cut_off_is_made_at_once(build: Build) -> None:
    house = build(sweep_s=0, head_s=60)
    house.world.populate(30)
    house.poll(90)
    leads = {house.world.create() for _ in range(12)}
    house.poll(30.12)  # page 1 was read, and page 2 is under way
    before = house.loop.time()
    house.reload()
    house.poll(100)
    (polls,) = head_polls(house, since_s=before).values()
    assert [round(at_s) for at_s in polls] == [120, 180]
    assert {subject for _, subject in house.told()} == leads


def test_a_poke_just_before_a_reload_is_not_lost(build: Build) -> None:
    house = build(sweep_s=0, head_s=60)
    house.poll(90)
    house.stop()
    for poller in house.pollers:
        poller.poke()  # while nobody polls
    house.start({key: ms for one in house.pollers for key, ms in one.rhythm().items()})
    house.poll(100)
    (polls,) = head_polls(house, since_s=90).values()
    assert [round(at_s) for at_s in polls] == [90, 120, 180]


def test_a_reload_begins_a_first_walk_at_once_whatever_the_distance(build: Build) -> None:
    house = build(sweep_s=0, head_s=600)
    house.world.populate(30)
    house.poll(0.12)
    house.reload()
    house.poll(10)
    assert house.value("SELECT COUNT(*) FROM listings WHERE baseline_done_ms IS NOT NULL") == 1


def test_a_poke_is_not_held_up_by_a_start_among_many(build: Build) -> None:
    house = build(bots=bots(500), limit=10_000, sweep_s=0, head_s=60)
    house.start()
    house.loop.call_soon(house.pollers[-1].poke)
    house.poll(1)
    assert bots(500)[-1] in head_polls(house)
