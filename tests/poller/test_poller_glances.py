"""Single pages between those of a full walk, where the listing's order hides changes."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from poller_house import Build, House, houses, is_commit

from notifier.core.rows import Row
from notifier.errors import UpstreamError
from notifier.poller.spare import KEEP_MS, REST_MS
from notifier.simulator.listing import Order
from notifier.store import outlooks
from notifier.transactions.page_comparison import Intake
from notifier.upstream.glances import Learnt
from support.databases import Database, Overheard

BROKEN = UpstreamError("BotPenguin has a fault of its own (502)")
MINUTE, HOUR = 60, 3600
HOURS = "hours of polling, which the others here have in small"
"""Why a test runs on a file alone: a server takes minutes for them."""


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def unordered(build: Build, *, leads: int = 60, **options: object) -> House:
    """Return a house whose listing is by creation, oldest first, and was read whole."""
    house = build(order=Order.CREATED_ASC, **options)
    house.world.populate(leads)
    house.poll(5 * MINUTE + leads / house.limit * 30)
    assert house.value("SELECT walk_order FROM listings") == "ascending"
    return house


def watched(house: House) -> Counter[bool]:
    """Return what will count the pages committed from now on, glances by True."""
    found = Counter[bool]()

    def committed(function: object, _result: object, *arguments: object) -> None:
        if is_commit(function):
            intake = arguments[1]
            assert isinstance(intake, Intake)
            found[intake.is_glance] += 1

    house.store.committed = committed
    return found


def last_page(house: House) -> list[str]:
    return house.world.ids()[-3:]


def test_glances_take_three_of_five_spare_turns(build: Build) -> None:
    house = unordered(build, head_s=600)
    found = watched(house)
    house.poll(5 * MINUTE)
    assert found[True] / found.total() == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("order", [Order.UPDATED_DESC, Order.CREATED_ASC])
def test_where_head_polls_see_all_there_is_none(build: Build, order: Order) -> None:
    house = build(order=order, page_size=3 if order is Order.UPDATED_DESC else 60)
    house.world.populate(50)
    house.poll(2 * MINUTE)
    found = watched(house)
    house.poll(5 * MINUTE)
    assert found[True] == 0


def test_without_full_walks_there_is_none(build: Build) -> None:
    house = build(order=Order.CREATED_ASC, sweep_s=0)
    house.world.populate(60)
    house.poll(2 * MINUTE)
    found = watched(house)
    house.poll(5 * MINUTE)
    assert found[True] == 0


@pytest.mark.file_alone(HOURS)
def test_where_leads_changed_before_a_change_is_seen_sooner(build: Build) -> None:
    house = unordered(build, leads=600)
    hot = house.world.ids()[300]
    seen_s = list[float]()
    for number in range(20):
        house.world.change(hot, status=f"S{number}")
        begun_s = house.loop.time()
        while len(house.told()) <= number:
            house.poll(1)
        seen_s.append(house.loop.time() - begun_s)
        house.poll(30)
    round_s = 200 / 86 * 60
    assert sum(seen_s[10:]) / 10 < round_s / 10


def test_a_lead_that_a_glance_saw_change_is_told_once_and_not_held_by_that(
    build: Build,
) -> None:
    house = unordered(build)
    found = list[Intake]()

    def committed(function: object, result: object, *arguments: object) -> None:
        if is_commit(function) and getattr(result, "saved", None):
            assert isinstance(arguments[1], Intake)
            found.append(arguments[1])

    house.store.committed = committed
    for number in range(12):
        for lead_id in last_page(house):
            house.world.change(lead_id, status=f"S{number}")
        house.poll(20)
        if found[-1].is_glance:
            break
    assert found[-1].is_glance
    (walk,) = house.store.db.execute(
        "SELECT walk FROM records WHERE lead_id = :id", {"id": last_page(house)[0]}
    ).fetchone()
    assert walk == found[-1].walk
    assert house.value(f"SELECT COUNT(*) FROM open_walks WHERE walk = {walk}") == 1
    told = len(house.told())
    house.poll(3 * MINUTE)
    assert house.value(f"SELECT COUNT(*) FROM open_walks WHERE walk = {walk}") == 0
    assert len(house.told()) == told


def test_a_row_that_lags_for_some_seconds_changes_nothing_back(build: Build) -> None:
    house = unordered(build)
    lead_id = last_page(house)[0]
    for number in range(9):
        old = house.world.row(lead_id)
        house.world.change(lead_id, status=f"S{number}")
        while len(house.told()) <= number:
            house.poll(1)

        def lagging(rows: list[Row], old: Row = old) -> list[Row]:
            return [old if row["_id"] == old["_id"] else row for row in rows]

        house.pages.change_rows = lagging
        house.poll(12)  # a full walk takes 35 s
        house.pages.change_rows = lambda rows: rows
        house.poll(MINUTE)
        assert len(house.told()) == number + 1


@pytest.mark.file_alone(HOURS)
def test_an_id_on_two_pages_with_two_contents_does_not_change_back_and_forth(
    build: Build,
) -> None:
    house = build(order=Order.CREATED_ASC)
    ids = house.world.populate(60)
    twin = {**house.world.row(house.world.ids()[0]), "status": "TWIN"}
    last = house.world.ids()[-1]

    def doubled(rows: list[Row]) -> list[Row]:
        return [*rows, twin] if any(row["_id"] == last for row in rows) else rows

    house.pages.change_rows = doubled
    house.poll(20 * MINUTE)
    assert house.told() == []
    assert house.value("SELECT COUNT(*) FROM records") == len(ids)


def test_what_was_learnt_is_kept_now_and_then_and_outlives_a_restart(build: Build) -> None:
    house = unordered(build, head_s=60, limit=30)
    for number in range(10):
        for lead_id in last_page(house):
            house.world.change(lead_id, status=f"S{number}")
        house.poll(MINUTE)
    house.store.db, heard = Overheard.of(house.store.db)
    house.poll(15 * MINUTE)
    kept = [sql for sql, _ in heard if "SET learnt" in sql]
    assert len(kept) == 15 * MINUTE * 1000 // KEEP_MS
    house.kill()
    (walks,) = house.made()[0]._listings
    house.loop.run_until_complete(house.made()[0]._restore())
    before = outlooks.outlook(house.store.db, *walks.key)
    assert before.learnt
    assert Learnt.of_text(before.learnt).bands[-1] > 5
    house.start()
    house.poll(MINUTE)
    (walks,) = house.pollers[0]._listings
    assert walks.spare.glances
    rates = walks.spare.glances.rates(now_ms=house.clock_ms())
    assert rates[-1] == max(rates)


def test_a_page_that_always_fails_is_one_outage_and_holds_up_no_head_poll(
    build: Build,
) -> None:
    house = unordered(build)
    house.pages.fault = lambda number, _type: BROKEN if number == 12 else None
    before = house.loop.time()
    house.poll(HOUR)
    assert [told for told, _ in house.told()] == ["source.down"]
    asked = Counter(number for _, number in house.requests(since_s=before))
    assert asked[1] >= HOUR / 15
    assert asked[12] < 30
    house.pages.fault = lambda _number, _type: None
    house.poll(10 * MINUTE)
    assert [told for told, _ in house.told()] == ["source.down", "source.up"]


def test_a_page_that_fails_when_glanced_at_is_left_alone_for_a_minute(build: Build) -> None:
    house = unordered(build, leads=900, head_s=600, limit=30)
    for number in range(20):
        house.world.change(last_page(house)[0], status=f"S{number}")
        house.poll(20)
    house.pages.fault = lambda number, _type: BROKEN if number == 300 else None
    house.poll(60 * 60)
    asked_s = [one.at_s for one in house.pages.asked if one.number == 300]
    minutes = Counter(
        int(at_s) // MINUTE for at_s in asked_s if at_s > house.loop.time() - 3600
    )
    assert max(minutes.values()) <= 5


@pytest.mark.file_alone(HOURS)
def test_where_nothing_changed_for_hours_fewer_pages_are_read_and_a_change_ends_that(
    build: Build,
) -> None:
    house = unordered(build, leads=30, limit=10, head_s=600)
    found = watched(house)

    def pages_in_10_minutes() -> int:
        found.clear()
        house.poll(10 * MINUTE)
        return found.total()

    assert pages_in_10_minutes() > 90
    house.poll(REST_MS / 1000 - 15 * MINUTE)
    assert pages_in_10_minutes() > 80
    house.poll(2 * HOUR)
    # Ten pages in a sixteenth of two hours, and glances beside.
    assert pages_in_10_minutes() < 50
    house.poll(4 * HOUR)
    assert pages_in_10_minutes() < 20
    house.world.change(last_page(house)[0], status="PARKED")
    house.poll(HOUR / 2)
    assert len(house.told()) == 1
    assert pages_in_10_minutes() > 90


def test_at_rest_each_page_is_still_read_within_the_sweep_interval(build: Build) -> None:
    house = unordered(build, leads=15, sweep_s=20 * MINUTE, head_s=600, limit=10)
    house.poll(8 * HOUR)
    before = house.loop.time()
    house.poll(5 * HOUR)
    for page in range(2, 6):
        read_s = [one.at_s for one in house.pages.asked if one.number == page]
        read_s = [before, *(at_s for at_s in read_s if at_s > before)]
        assert max(later - at for at, later in pairwise(read_s)) < 1.5 * 20 * MINUTE


@pytest.mark.file_alone(HOURS)
def test_what_changed_while_nobody_looked_is_found_without_a_delay(build: Build) -> None:
    house = unordered(build, leads=30, limit=10, head_s=600)
    house.poll(6 * HOUR)
    house.kill()
    house.away(48 * HOUR)
    house.world.change(house.world.ids()[15], status="PARKED")
    house.poll(3 * MINUTE)
    assert len(house.told()) == 1


def test_once_makes_no_glances(build: Build) -> None:
    house = build(order=Order.CREATED_ASC)
    house.world.populate(30)
    assert house.once()
    before = house.loop.time()
    assert house.once()
    assert [number for _, number in house.requests(since_s=before)] == list(range(1, 12))
