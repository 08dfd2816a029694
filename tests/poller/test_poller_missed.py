"""Leads that a sweep missed: a deletion moved them to a page already read."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

import pytest
from poller_house import Build, House, houses

from notifier.core.rows import Row
from notifier.errors import BusyError
from notifier.rules.model import Ruleset
from notifier.simulator.listing import Order
from notifier.transactions import polls
from notifier.upstream.walk import WalkType
from support.databases import Database
from support.rules import ruleset

HOUR_S = 3600
LEAD_PAGE = 3
Change: TypeAlias = Callable[[House], object]


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def unattended(duration: str) -> Ruleset:
    """Return rules that tell of a lead that nobody has had for so long."""
    return ruleset(
        f"""
destinations: {{screen: {{type: console}}}}
rules:
  - {{name: Nobody has it, if: {{status: OPEN, assignee: null}}, for: {duration}, send: screen}}
"""
    )


def waits_in_midst(build: Build) -> tuple[House, str, str]:
    """Return a house before its sweep, the lead that waits, and the newest one.

    The one that waits is the first on page 3.
    """
    house = build(rules=unattended("30m"), sweep_s=HOUR_S, limit=20)
    house.world.populate(9)
    house.poll(HOUR_S - 600)
    lead = house.world.create(status="OPEN")
    others = [house.world.create(status="CLOSED") for _ in range(6)]
    house.poll(60)
    return house, lead, others[-1]


def hides(house: House, *deleted: str) -> None:
    """Delete a lead each time the page is asked for that begins with the one that waits."""
    left = list(deleted)

    def move_up(number: int, _type: str) -> None:
        if number == LEAD_PAGE and left:
            house.world.delete(left.pop(0))

    house.pages.before_page = move_up


def overdue(house: House) -> list[str]:
    return [subject for kind, subject in house.told() if kind == "lead.overdue"]


def missing(house: House) -> int:
    return int(str(house.value("SELECT COUNT(*) FROM records WHERE absent > 0")))


def sweeps(house: House) -> int:
    return house.requests(since_s=HOUR_S - 540).count(("lead", LEAD_PAGE))


def test_whom_a_deletion_hides_from_a_sweep_is_looked_for_at_once(build: Build) -> None:
    house, lead, newest = waits_in_midst(build)
    hides(house, newest)
    house.poll(HOUR_S / 2)
    assert sweeps(house) == 2
    assert overdue(house) == [lead]


@pytest.mark.parametrize("change", [House.kill, House.reload])
def test_also_where_another_process_goes_on(build: Build, change: Change) -> None:
    house, lead, newest = waits_in_midst(build)
    hides(house, newest)
    while not missing(house):
        house.poll(0.25)
    change(house)
    house.poll(HOUR_S / 2)
    assert overdue(house) == [lead]


def test_also_where_each_round_is_a_process(build: Build) -> None:
    house = build(rules=unattended("30m"), sweep_s=6 * HOUR_S, limit=20)
    house.world.populate(9)
    assert house.once()
    house.away(6 * HOUR_S - 600)
    lead = house.world.create(status="OPEN")
    others = [house.world.create(status="CLOSED") for _ in range(6)]
    assert house.once()
    house.away(660)
    hides(house, others[-1])
    assert house.once()
    assert missing(house) == 1
    for _ in range(2):
        house.away(HOUR_S / 2)
        assert house.once()
    assert overdue(house) == [lead]


def test_also_where_the_answer_to_the_commit_was_lost(build: Build) -> None:
    house, lead, newest = waits_in_midst(build)
    hides(house, newest)
    lost: list[polls.WalkEnd] = []

    def committed(function: object, result: Any, *args: Any) -> None:
        if function is polls.finish_walk and args[0].is_full and not lost:
            lost.append(result)
            raise BusyError("the server went away after the commit")

    house.store.committed = committed
    house.poll(HOUR_S / 2)
    assert [one.again for one in lost] == [True]
    assert overdue(house) == [lead]


def test_also_where_the_next_sweep_misses_it_too(build: Build) -> None:
    house, lead, newest = waits_in_midst(build)
    deleted: list[str] = []

    def tidy_up(number: int, _type: str) -> None:
        first_of = [house.world.page(page, size=3)[0]["_id"] for page in (1, LEAD_PAGE)]
        if number == LEAD_PAGE and first_of[1] == lead and len(deleted) < 2:
            deleted.append(first_of[0])
            house.world.delete(first_of[0])
        elif number == 1 and len(deleted) == 1 and first_of[1] != lead:
            house.world.create(status="CLOSED")  # and moves it down again

    house.pages.before_page = tidy_up
    house.poll(HOUR_S / 2)
    assert deleted[0] == newest
    assert len(deleted) == 2
    assert overdue(house) == [lead]


def test_what_an_earlier_sweep_missed_is_not_looked_for_once_more(build: Build) -> None:
    house = build(rules=unattended("2h"), sweep_s=HOUR_S, limit=20)
    house.world.populate(9)
    house.poll(60)
    gone, old = house.world.create(status="OPEN"), house.world.create(status="CLOSED")
    house.poll(60)
    house.world.delete(gone)
    house.poll(HOUR_S + 3000)
    assert sweeps(house) == 2
    house.world.create(status="OPEN")
    others = [house.world.create(status="CLOSED") for _ in range(6)]
    house.poll(60)
    since_s = house.loop.time()
    hides(house, others[-1], old)
    house.poll(HOUR_S / 2)
    assert old not in house.world.ids()
    assert house.requests(since_s=since_s).count(("lead", LEAD_PAGE)) == 2


def test_rounds_without_news_look_again_once(build: Build) -> None:
    house = build(rules=unattended("30m"), sweep_s=6 * HOUR_S, limit=90)
    house.world.populate(29)
    assert house.once()
    waiting = house.world.create(status="OPEN")
    assert house.once()
    house.world.delete(waiting)
    house.away(6 * HOUR_S)
    asked = []
    for _ in range(4):
        since_s = house.loop.time()
        assert house.once()
        asked.append(len(house.requests(since_s=since_s)))
        house.away(900)
    assert asked == [11, 11, 1, 1]


@pytest.mark.parametrize(("deletes_waiting", "most"), [(True, 2), (False, 1)])
def test_a_deletion_costs_at_most_one_sweep(
    build: Build, deletes_waiting: bool, most: int
) -> None:
    house, lead, newest = waits_in_midst(build)
    house.world.delete(lead if deletes_waiting else newest)
    house.poll(HOUR_S)
    assert sweeps(house) == most
    assert overdue(house) == ([] if deletes_waiting else [lead])


def test_a_listing_at_rest_looks_for_it_without_resting(build: Build) -> None:
    rules = unattended("40h")
    house = build(order=Order.CREATED_DESC, limit=90, rules=rules, head_s=300, page_size=2)
    house.world.populate(60)
    house.poll(400)
    lead = house.world.create(status="OPEN")
    others = [house.world.create(status="CLOSED") for _ in range(20)]
    page = 1 + next(n for n in range(60) if house.world.page(n + 1, size=2)[0]["_id"] == lead)
    house.poll(37 * HOUR_S)

    def move_up(number: int, _type: str) -> None:
        reading = house.pollers[0]._reading
        is_sweep = reading is not None and reading[1].type is WalkType.SWEEP
        if is_sweep and number == page and others[-1] in house.world.ids():
            house.world.delete(others[-1])

    house.pages.before_page = move_up
    house.poll(3.2 * HOUR_S)
    assert others[-1] not in house.world.ids()
    assert overdue(house) == [lead]


def test_leads_that_change_places_for_ever_do_not_take_the_whole_rate(build: Build) -> None:
    house = build(limit=90, rules=unattended("20h"), page_size=5, sweep_s=HOUR_S)
    house.world.populate(30)
    house.poll(400)
    for _ in range(20):
        house.world.create(status="OPEN", updatedAt="2026-03-02T10:06:40.000Z")
    house.poll(60)
    for _ in range(8):
        house.world.create(status="CLOSED")
    rng = Random(1)

    def page(number: int, *, size: int, **_: object) -> list[Row]:
        rows = [house.world.row(one) for one in house.world.ids()]
        rows.sort(key=lambda row: (row["updatedAt"], rng.random()), reverse=True)
        return rows[(number - 1) * size : number * size]

    house.world.page = page  # type: ignore[method-assign]
    house.poll(HOUR_S)
    since_s = house.loop.time()
    house.poll(2 * HOUR_S)
    polls_made = 2 * HOUR_S / 15
    assert polls_made <= len(house.requests(since_s=since_s)) < 2 * polls_made
