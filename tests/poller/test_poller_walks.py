"""Which pages are asked for, when, and what each request costs."""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator
from itertools import pairwise

import pytest
import structlog
from poller_house import Build, House, houses, is_commit

from notifier.errors import (
    StoreError,
    UpstreamError,
    UpstreamPausedError,
    UpstreamStaleError,
)
from notifier.simulator.listing import Order
from notifier.store import sources
from notifier.transactions import polls
from support.databases import Database, Overheard

HOUR = 3600
BROKEN = UpstreamError("BotPenguin has a fault of its own (502)")


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def settled(house: House, count: int = 40) -> House:
    """Let a listing that is seen to be newest change first have its baseline."""
    house.world.populate(count)
    house.poll(5 * 60 + 1)  # between two head polls
    assert house.value("SELECT walk_order FROM listings") == "updated-desc"
    return house


def test_a_quiet_poll_is_one_request_and_asks_for_page_one(build: Build) -> None:
    house = settled(build())
    before = house.loop.time()
    house.poll(10 * 15)
    assert house.requests(since_s=before) == [("lead", 1)] * 10


@pytest.mark.parametrize("count", [40, 400])
def test_a_quiet_poll_writes_three_rows_and_loads_none(build: Build, count: int) -> None:
    house = settled(build(page_size=20), count)
    house.store.db, seen = Overheard.of(house.store.db)
    house.poll(15)
    # The request's time, the one that is a minute old, and the source's last success.
    written = [max(rows, 0) for sql, rows in seen if not sql.startswith("SELECT")]
    assert sum(written) == 3
    assert not any("SELECT lead_id, row" in sql for sql, _ in seen)
    assert len(seen) < 30


def test_a_quiet_poll_takes_a_transaction_before_its_request_and_one_after(
    build: Build,
) -> None:
    house = settled(build())
    seen = list[object]()
    house.store.committed = lambda function, *_: seen.append(function)
    house.poll(15)
    assert seen == [sources.grant, polls.commit_head]


def test_a_poll_of_an_empty_listing_takes_one_request_of_the_budget(build: Build) -> None:
    house = build(sweep_s=0)
    house.poll(62)
    before = house.loop.time()
    house.poll(10 * 15)
    assert house.requests(since_s=before) == [("lead", 1)] * 10
    since_ms = int((house.loop.time() - 60) * 1000)
    assert house.value(f"SELECT COUNT(*) FROM requests WHERE at_ms > {since_ms}") == 4


def test_a_deep_poll_keeps_to_the_limit_and_each_request_is_recorded_once(
    build: Build,
) -> None:
    house = settled(build(limit=10), 60)
    house.poll(61)
    for lead_id in house.world.ids():
        house.world.change(lead_id, status="PARKED")
    before = house.loop.time()
    house.poll(61)
    assert len(house.requests(since_s=before)) == 10
    assert house.value("SELECT COUNT(*) FROM requests") == 10
    house.poll(120)
    assert len(house.events()) == 60


def test_noise_is_saved_and_told_to_nobody(build: Build) -> None:
    house = settled(build())
    before = house.value("SELECT MAX(last_walk) FROM listings")
    house.world.noise(2)
    house.poll(15)
    assert house.value("SELECT MAX(last_walk) FROM listings") != before
    assert house.events() == []


def test_a_head_poll_reads_on_until_a_page_is_wholly_known(build: Build) -> None:
    house = settled(build())
    for lead_id in house.world.ids()[:7]:
        house.world.change(lead_id, status="PARKED")
    before = house.loop.time()
    house.poll(15)
    # And backwards, for what moved up meanwhile.
    assert house.requests(since_s=before) == [("lead", n) for n in (1, 2, 3, 4, 3, 2)]
    assert len(house.events()) == 7


@pytest.mark.parametrize("nth", range(1, 12))
def test_so_much_may_change_behind_a_poll_that_there_is_more_beyond_its_last_page(
    build: Build, nth: int
) -> None:
    house = settled(build())
    ids = house.world.ids()
    for lead_id in ids[:12]:
        house.world.change(lead_id, status="PARKED")
    left = [nth]

    def change(_number: int, _type: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            for lead_id in ids:
                house.world.change(lead_id, status="BEHIND")

    house.pages.before_page = change
    house.poll(60)
    leads = [event.data.lead for event in house.events()]
    now = {lead.id for lead in leads if lead and lead.status == "BEHIND"}
    assert now == set(ids)


@pytest.mark.parametrize("page", [2, 3, 4, 5])
@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_deletion_between_two_pages_of_a_poll_hides_no_change(
    build: Build, page: int, gone: int
) -> None:
    house = settled(build())
    changed = house.world.ids()[:12]
    for lead_id in changed:
        house.world.change(lead_id, status="PARKED")
    first = [row["_id"] for row in house.world.page(1, size=3)]

    def delete(number: int, _type: str) -> None:
        if number == page:
            house.pages.before_page = lambda _number, _type: None
            for lead_id in first[:gone]:
                house.world.delete(lead_id)

    house.pages.before_page = delete
    house.poll(30)
    assert {subject for _, subject in house.told()} == set(changed)


def test_a_listing_out_of_order_is_swept_without_a_pause(build: Build) -> None:
    house = build(order=Order.CREATED_ASC)
    house.world.populate(30)
    house.poll(5 * 60)
    before = house.loop.time()
    house.poll(60)
    pages = Counter(number for _, number in house.requests(since_s=before))
    assert pages[10] >= 4
    assert sum(pages.values()) <= 90


def test_a_single_page_is_not_swept_without_a_pause(build: Build) -> None:
    house = build(page_size=20, order=Order.CREATED_ASC)
    house.world.populate(15)
    house.poll(5 * 60)
    before = house.loop.time()
    house.poll(10 * 60)
    pages = Counter(number for _, number in house.requests(since_s=before))
    assert pages[1] + pages[2] <= 65


def test_a_listing_that_repeats_its_only_page_is_not_swept_without_a_pause(
    build: Build,
) -> None:
    house = build(page_size=20)
    house.pages.clamped = True
    house.world.populate(3)
    house.poll(5 * 60 + 1)
    assert house.value("SELECT pages FROM listings") == 1
    before = house.loop.time()
    house.poll(10 * 60)
    assert len(house.requests(since_s=before)) <= 40 + 3 * 10


def test_a_page_that_overflows_at_its_end_is_noticed_within_a_minute_or_so(
    build: Build,
) -> None:
    house = build(page_size=20, order=Order.CREATED_ASC)
    house.world.populate(20)
    house.poll(5 * 60)
    house.world.create(name="Asha")
    house.poll(65)
    assert [event_type for event_type, _ in house.told()] == ["lead.created"]


def test_an_order_that_breaks_is_noticed_by_a_head_poll(build: Build) -> None:
    house = settled(build(page_size=20), 60)
    house.world.sort(Order.CREATED_ASC)
    house.world.change(house.world.ids()[-1], status="PARKED")
    house.poll(60)
    assert [event_type for event_type, _ in house.told()] == ["lead.status_changed"]
    assert house.value("SELECT walk_order FROM listings") == "ascending"


def test_a_sweep_gets_its_tenth_however_often_head_polls_are_due(build: Build) -> None:
    house = build(order=Order.CREATED_ASC, head_s=0.1)
    house.world.populate(30)
    house.poll(2 * 60)
    before = house.loop.time()
    house.poll(5 * 60)
    pages = Counter(number for _, number in house.requests(since_s=before))
    assert sum(count for number, count in pages.items() if number > 1) >= 5 * 90 // 10 - 5
    assert pages[1] >= 5 * 90 // 2


def test_a_sweep_is_made_when_due_and_heads_go_between_its_pages(build: Build) -> None:
    house = settled(build(sweep_s=HOUR), 300)
    house.poll(HOUR - 4 * 60 - 30)
    before = house.loop.time()
    house.poll(3 * 60)
    asked = house.requests(since_s=before)
    assert asked.count(("lead", 100)) == 1
    heads_between = [at for at, pair in enumerate(pairwise(asked)) if pair[1] == ("lead", 1)]
    assert len(heads_between) >= 5


def test_two_listings_of_a_source_take_turns(build: Build) -> None:
    house = build(types=("lead", "non-lead"), limit=10, head_s=1)
    house.world.populate(20)
    house.world.populate(20, listing_type="non-lead")
    house.poll(15 * 60)
    before = house.loop.time()
    house.poll(10 * 60)
    asked = Counter(listing_type for listing_type, _ in house.requests(since_s=before))
    assert abs(asked["lead"] - asked["non-lead"]) <= 10


def test_sources_that_share_a_token_share_its_rate_fairly(build: Build) -> None:
    bots = [f"{n:024x}" for n in range(1, 6)]
    house = build(bots=bots, limit=10, head_s=5)
    for bot_id in bots:
        house.world.populate(20, bot_id=bot_id)
    house.poll(30 * 60)
    before = house.loop.time()
    house.poll(20 * 60)
    asked = [one for one in house.pages.asked if one.at_s >= before]
    assert len(asked) <= 20 * 10
    counts = Counter(one.bot_id for one in asked)
    assert max(counts.values()) - min(counts.values()) <= 6
    times = [one.at_s for one in house.pages.asked]
    assert max(sum(at <= b < at + 60 for b in times) for at in times) <= 10


def test_no_minute_sees_more_than_the_limit_whatever_the_upstream_asks_for(
    build: Build,
) -> None:
    house = build(order=Order.CREATED_ASC, limit=20)
    house.world.populate(60)
    pauses = deque([None, 0.5, 30, None, None, 3600, 1] * 3)

    def refuse_some(_number: int, _type: str) -> UpstreamError | None:
        if len(house.pages.asked) % 7 or not pauses:
            return None
        return UpstreamPausedError("too many requests (429)", retry_after_s=pauses.popleft())

    house.pages.fault = refuse_some
    for _ in range(6):
        house.poll(30 * 60)
        house.kill()
    times = sorted(one.at_s for one in house.pages.asked)
    assert len(times) > 1_000
    assert max(bisect_left(times, at + 60) - bisect_left(times, at) for at in times) <= 20


def test_an_endless_listing_is_left_at_the_cap_and_calls_nobody_absent(
    build: Build,
) -> None:
    house = build(max_pages=10, sweep_s=600)
    house.world.populate(29)
    house.poll(120)
    house.pages.change_rows = lambda rows: (
        rows or house.world.made_up_page(house.pages.asked[-1].number, size=3)
    )
    before = house.loop.time()
    house.poll(11 * 60)
    deepest = max(number for _, number in house.requests(since_s=before))
    assert deepest == 10
    assert house.value("SELECT SUM(absent) FROM records") == 0


def test_a_kept_connection_that_was_closed_is_no_failed_poll_and_counts_as_a_request(
    build: Build,
) -> None:
    house = settled(build())
    house.world.create(name="Asha")
    stale = UpstreamStaleError("BotPenguin broke the connection off")
    house.pages.faults = deque([stale, stale])
    before = house.loop.time()
    with structlog.testing.capture_logs() as lines:
        house.poll(15)
    assert house.requests(since_s=before) == [("lead", n) for n in (1, 1, 1, 2)]
    since_ms = int(before * 1000)
    assert house.value(f"SELECT COUNT(*) FROM requests WHERE at_ms > {since_ms}") == 4
    assert len(house.told()) == 1
    assert not [line for line in lines if line["event"] == "poll_failed"]
    assert house.value("SELECT failures FROM sources") == 0


def test_a_walk_goes_on_one_page_earlier_after_a_fault(build: Build) -> None:
    house = build()
    house.world.populate(12)
    house.pages.faults = deque([None, None, BROKEN])
    house.poll(60)
    assert [number for _, number in house.requests()][:7] == [1, 2, 3, 2, 3, 4, 5]


def test_a_walk_that_paused_for_a_quarter_of_an_hour_begins_anew(build: Build) -> None:
    house = build()
    house.world.populate(12)
    house.pages.faults = deque(
        [None, None, UpstreamPausedError("too many requests (429)", retry_after_s=1000)]
    )
    house.poll(1100)
    assert [number for _, number in house.requests()][3:6] == [1, 2, 3]


def test_what_a_broken_walk_left_open_is_read_once_more_and_not_for_ever(
    build: Build,
) -> None:
    house = settled(build())
    for lead_id in house.world.ids()[:7]:
        house.world.change(lead_id, status="PARKED")
    house.pages.faults = deque([None, None, UpstreamPausedError("429", retry_after_s=900)])
    house.poll(15)
    house.kill()
    before = house.loop.time()
    house.poll(10)
    assert house.requests(since_s=before) == [("lead", n) for n in (1, 2, 3, 4, 3, 2)]
    assert len(house.events()) == 7
    before = house.loop.time()
    house.poll(30)
    assert house.requests(since_s=before) == [("lead", 1)] * 2


def test_a_finish_that_could_not_be_stored_is_made_up_for_without_a_request(
    build: Build,
) -> None:
    house = build()
    house.world.populate(2)
    commits = []

    def fail_after_the_second_page(function: object, *_arguments: object) -> None:
        commits.append(is_commit(function))
        if sum(commits) == 2 and commits[-1]:
            house.store.faults.append(StoreError("disk full"))

    house.store.committed = fail_after_the_second_page
    house.poll(3)
    assert not house.store.faults
    assert house.value("SELECT COUNT(*) FROM open_walks") == 0
    # The baseline, and the first head poll.
    assert house.requests() == [("lead", 1), ("lead", 2), ("lead", 1)]


def test_once_makes_the_baseline_and_then_a_head_poll_each_time(build: Build) -> None:
    house = build()
    house.world.populate(30)
    assert house.once()
    assert [number for _, number in house.requests()] == list(range(1, 12))
    house.world.create(name="Asha")
    before = house.loop.time()
    assert house.once()
    assert house.requests(since_s=before) == [("lead", 1), ("lead", 2)]
    assert [event_type for event_type, _ in house.told()] == ["lead.created"]


def test_once_makes_one_full_walk_where_the_order_is_not_known(build: Build) -> None:
    house = build()
    house.world.populate(4)
    assert house.once()
    before = house.loop.time()
    assert house.once()
    assert house.requests(since_s=before) == [("lead", 1), ("lead", 2), ("lead", 3)]


def test_once_sweeps_when_a_sweep_is_due(build: Build) -> None:
    house = build()
    house.world.populate(30)
    house.once()
    house.poll(0.001)
    house.kill()
    house.away(7 * HOUR)
    before = house.loop.time()
    assert house.once()
    assert len(house.requests(since_s=before)) == 11


def test_once_fails_at_the_first_fault(build: Build) -> None:
    house = build()
    house.world.populate(30)
    for fault in (BROKEN, UpstreamPausedError("429", retry_after_s=3600)):
        house.pages.faults = deque([fault])
        before = house.loop.time()
        assert not house.once()
        assert house.loop.time() - before < 1
    house.store.faults.append(StoreError("disk full"))
    assert not house.once()


def test_once_after_once_tells_of_an_outage_of_a_quarter_of_an_hour(build: Build) -> None:
    house = build()
    house.world.populate(30)
    assert house.once()
    for _ in range(4):
        house.away(300)
        house.pages.faults = deque([BROKEN])
        assert not house.once()
    assert [event_type for event_type, _ in house.told()] == ["source.down"]
    assert house.once()
    assert [event_type for event_type, _ in house.told()] == ["source.down", "source.up"]


def test_a_long_walk_shows_signs_of_life(build: Build) -> None:
    house = build(page_size=1)
    house.world.populate(100)
    with structlog.testing.capture_logs() as lines:
        house.poll(5 * 60)
    signs = [line for line in lines if line["event"] == "walk_goes_on"]
    assert [(one["walk"], one["pages"], one["records"]) for one in signs] == [
        ("baseline", 90, 90)
    ]
