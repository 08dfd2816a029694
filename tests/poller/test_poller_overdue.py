"""Whom a `for` rule accuses: nobody whose row may have changed since it was read."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import TypeAlias

import pytest
from poller_house import BEGIN, Build, House, houses

from notifier.core.records import LEAD, NON_LEAD
from notifier.core.rows import Row, iso_ms
from notifier.errors import UpstreamError
from notifier.rules.model import Ruleset
from notifier.simulator.listing import Order
from notifier.transactions import polls
from support.databases import Database
from support.rules import ruleset

RULES = ruleset(
    """
destinations: {screen: {type: console}}
rules:
  - {name: Nobody has it, if: {status: OPEN, assignee: null}, for: 30m, send: screen}
"""
)
LADDER = ruleset(
    """
destinations: {screen: {type: console}, managers: {type: console}}
rules:
  - {name: Nobody has it, if: {status: OPEN, assignee: null}, for: 30m, send: screen,
     escalate: [{after: 30m, send: managers}]}
"""
)
REPEATS = ruleset(
    """
destinations: {screen: {type: console}}
rules:
  - {name: Nobody has it, if: {status: OPEN, assignee: null}, for: 30m, repeat: 10m,
     send: screen}
"""
)
HOUR_S = 3600
LAST = 4  # the page that a lead created last is on, where the oldest come first
Pause: TypeAlias = Callable[[House, float], None]


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def waiting(build: Build, *, leads: int = 9, **options: object) -> tuple[House, str]:
    """Return a house, slow to read, and a lead on its last page that waits for 25 minutes."""
    house = build(**{"order": Order.CREATED_ASC, "limit": 6, "rules": RULES, **options})
    house.world.populate(leads)
    house.poll(400)
    lead = house.world.create(status="OPEN")
    house.poll(1500)
    assert overdue(house) == []
    return house, lead


def buried(house: House) -> None:
    """Let the listing sorted by newest change have the lead that waits on its fifth page."""
    for _ in range(12):
        house.world.create(status="CLOSED")
    house.poll(240)


def overdue(house: House) -> list[str]:
    return [subject for kind, subject in house.told() if kind == "lead.overdue"]


def until_told(house: House, *, most_s: float) -> set[int]:
    """Poll until a lead is told of as overdue; return the pages that were read for that."""
    since_s, before = house.loop.time(), len(overdue(house))
    while len(overdue(house)) == before:
        house.poll(1)
        assert house.loop.time() - since_s < most_s
    return {number for _, number in house.requests(since_s=since_s)}


def fails(page: int) -> Callable[[int, str], UpstreamError | None]:
    """Return the fault of a page that cannot be read."""
    return lambda number, _type: UpstreamError("status 500") if number == page else None


def lagging(house: House, lead: str, rows: list[Row]) -> list[Row]:
    """Return the rows, the lead's as it was long ago, each time another one."""
    before = {"updatedAt": iso_ms(BEGIN - timedelta(days=1)), "extra": house.loop.time()}
    return [{**row, **before} if row["_id"] == lead else row for row in rows]


def stopped(house: House, seconds: float) -> None:
    house.kill()
    house.away(seconds)


def reloaded(house: House, seconds: float) -> None:
    unanswered(house, seconds)
    house.reload()


def unanswered(house: House, seconds: float) -> None:
    house.pages.hangs = lambda _bot: True
    house.poll(seconds)
    house.pages.hangs = lambda _bot: False


def unwritten(house: House, seconds: float) -> None:
    house.store.refuses = lambda _function: True
    house.poll(seconds)
    house.store.refuses = lambda _function: False


PAUSES = pytest.mark.parametrize("pause", [stopped, reloaded, unanswered, unwritten])


@PAUSES
@pytest.mark.parametrize("order", [Order.CREATED_ASC, Order.UPDATED_DESC])
@pytest.mark.parametrize("seconds", [600, HOUR_S])
def test_a_lead_that_somebody_got_meanwhile_is_not_accused(
    build: Build, pause: Pause, order: Order, seconds: float
) -> None:
    house, lead = waiting(build, order=order)
    house.world.assign(lead, "agent")
    pause(house, seconds)
    house.poll(HOUR_S / 3)
    assert overdue(house) == []
    assert ("lead.assigned", lead) in house.told()


@PAUSES
def test_one_that_waits_on_is_told_of_once_its_row_was_read(build: Build, pause: Pause) -> None:
    house, lead = waiting(build)
    pause(house, HOUR_S)
    assert LAST in until_told(house, most_s=600)
    house.poll(HOUR_S)
    assert overdue(house) == [lead]


def test_where_the_first_page_has_all_changes_it_is_enough(build: Build) -> None:
    house, lead = waiting(build, order=Order.UPDATED_DESC)
    buried(house)
    stopped(house, 600)
    assert until_told(house, most_s=60) == {1}
    assert overdue(house) == [lead]


def test_an_order_that_the_same_poll_refutes_vouches_for_nobody(build: Build) -> None:
    house, lead = waiting(build, order=Order.UPDATED_DESC, page_size=12, leads=30)
    stopped(house, HOUR_S)
    house.world.assign(lead, "agent")
    house.world.sort(Order.CREATED_ASC)
    house.poll(HOUR_S)
    assert overdue(house) == []


def test_a_page_that_always_fails_silences_only_its_own_leads(build: Build) -> None:
    house, lead = waiting(build)
    others = {house.world.create(status="OPEN") for _ in range(4)}
    house.pages.fault = fails(LAST)
    house.poll(2 * HOUR_S)
    assert 1 <= len(overdue(house)) <= 2
    assert set(overdue(house)) < others
    house.pages.fault = lambda _number, _type: None
    house.poll(HOUR_S)
    assert sorted(overdue(house)) == sorted({lead, *others})


def test_a_row_older_than_the_snapshot_accuses_nobody(build: Build) -> None:
    house, lead = waiting(build)
    house.pages.change_rows = partial(lagging, house, lead)
    house.poll(HOUR_S)
    assert overdue(house) == []
    house.pages.change_rows = lambda rows: rows
    house.poll(HOUR_S)
    assert overdue(house) == [lead]


def test_of_two_listings_each_row_counts_in_its_own(build: Build) -> None:
    house, lead = waiting(build, types=(LEAD, NON_LEAD), limit=12)
    house.world.assign(lead, "agent")
    house.pages.fault = fails(LAST)
    house.poll(HOUR_S)
    assert overdue(house) == []


def test_a_step_of_the_ladder_waits_for_the_row_too(build: Build) -> None:
    house, lead = waiting(build, rules=LADDER)
    until_told(house, most_s=900)
    assert overdue(house) == [lead]
    house.world.assign(lead, "agent")
    stopped(house, HOUR_S)
    house.poll(HOUR_S)
    assert overdue(house) == [lead]


def late(repeat: str = "") -> Ruleset:
    """Return a rule that comes due when the listing is at rest."""
    return ruleset(
        f"""
destinations: {{screen: {{type: console}}}}
rules:
  - {{name: Late, if: {{status: OPEN, assignee: null}}, for: 5h, {repeat} send: screen}}
"""
    )


def at_rest(build: Build, rules: Ruleset) -> House:
    """Return a house to which nothing has happened since a lead came hours ago."""
    house, _ = waiting(build, rules=rules, head_s=120)
    house.poll(5 * HOUR_S - house.loop.time())
    assert asked_in(house, 300) < 12
    house.poll(70)
    return house


def asked_in(house: House, seconds: float) -> int:
    """Return how many requests are made in the next seconds."""
    since_s = house.loop.time()
    house.poll(seconds)
    return len(house.requests(since_s=since_s))


def test_a_listing_at_rest_wakes_where_a_lead_waits_and_rests_again(build: Build) -> None:
    house = at_rest(build, late())
    assert asked_in(house, 360) > 14
    assert len(overdue(house)) == 1
    house.poll(300)
    assert asked_in(house, 300) < 12


def test_it_rests_between_repetitions(build: Build) -> None:
    house = at_rest(build, late("repeat: 30m,"))
    assert asked_in(house, HOUR_S) < 180
    assert len(overdue(house)) >= 2


def test_it_rests_where_a_row_is_never_believed(build: Build) -> None:
    house, lead = waiting(build, rules=late(), head_s=120)
    house.pages.change_rows = partial(lagging, house, lead)
    house.poll(6 * HOUR_S)
    assert asked_in(house, HOUR_S) < 180
    assert overdue(house) == []


def test_a_clock_set_back_while_a_page_comes_tells_nobody_twice(build: Build) -> None:
    house, _ = waiting(build, order=Order.UPDATED_DESC, rules=REPEATS)
    stopped(house, 600)

    def set_back(_number: int, _type: str) -> None:
        house.clock_step = timedelta(hours=-2)

    house.pages.before_page = set_back
    house.poll(60)
    assert overdue(house) == []  # it comes due by the new clock, or when that is noticed


def test_without_sweeps_the_first_page_is_all_there_is(build: Build) -> None:
    house, lead = waiting(build, order=Order.CREATED_DESC, sweep_s=0)
    for _ in range(4):
        house.world.create(status="CLOSED")
    house.poll(600)
    assert overdue(house) == [lead]


@pytest.mark.parametrize(
    ("news", "before_s", "held_up"),
    [(8, 0, [polls.finish_walk]), (14, 1, [polls.commit, polls.commit_head])],
)
def test_a_poll_that_a_full_disk_held_up_accuses_nobody_later(
    build: Build, news: int, before_s: float, held_up: list[object]
) -> None:
    house, lead = waiting(build, order=Order.UPDATED_DESC)
    buried(house)
    stopped(house, 600)
    for _ in range(news):
        house.world.create(status="CLOSED")
    house.poll(before_s)
    house.store.refuses = lambda function: function in held_up
    house.poll(HOUR_S)
    house.world.assign(lead, "agent")
    house.store.refuses = lambda _function: False
    house.poll(HOUR_S)
    assert overdue(house) == []
    assert ("lead.assigned", lead) in house.told()


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
    assert overdue(house) == [waits]


def test_a_round_that_reads_all_pages_tells_of_each_lead_on_them(build: Build) -> None:
    house = build(order=Order.UPDATED_DESC, rules=RULES, sweep_s=1800)
    house.world.populate(9)
    assert house.once()
    lead = house.world.create(status="OPEN")
    assert house.once()
    house.away(3600)
    assert house.once()
    assert overdue(house) == [lead]
