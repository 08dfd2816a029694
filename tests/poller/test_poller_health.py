"""When people hear that a source is down or up, and that a stop waits for nothing."""

from collections import deque
from collections.abc import Iterator

import pytest
from poller_house import Build, House, houses

from notifier.core.events import encode
from notifier.errors import (
    StoreError,
    UpstreamError,
    UpstreamPausedError,
    UpstreamRefusedError,
)
from support.databases import Database

REFUSED = UpstreamRefusedError("refused (401)", remedy="check the token")
BROKEN = UpstreamError("BotPenguin has a fault of its own (502)")
MINUTE = 60


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def paused(seconds: float | None) -> UpstreamPausedError:
    return UpstreamPausedError("too many requests (429)", retry_after_s=seconds)


def operations(house: House) -> list[str]:
    return [event.type.value for event in house.events() if event.type.value[:6] == "source"]


def test_a_pause_of_an_hour_is_told_after_a_quarter_of_one(build: Build) -> None:
    house = build()
    house.world.populate(2)
    house.poll(MINUTE)
    house.pages.faults.append(paused(3600))
    house.poll(14 * MINUTE)
    assert operations(house) == []
    house.poll(3 * MINUTE)
    assert operations(house) == ["source.down"]
    house.poll(50 * MINUTE)
    assert operations(house) == ["source.down", "source.up"]


def test_silence_is_told_although_the_upstream_never_answers_at_all(build: Build) -> None:
    house = build()
    house.pages.fault = lambda _number, _type: paused(3600)
    house.poll(17 * MINUTE)
    assert operations(house) == ["source.down"]


def test_a_source_that_is_polled_every_hour_is_not_silent_in_between(build: Build) -> None:
    house = build(head_s=3600)
    house.world.populate(2)
    house.poll(10 * 3600)
    assert operations(house) == []


def test_a_long_baseline_with_isolated_faults_is_no_outage(build: Build) -> None:
    house = build(page_size=2, limit=5)
    house.world.populate(400)
    house.pages.fault = Every(4)
    house.poll(30 * MINUTE)
    assert house.value("SELECT baseline_done_ms FROM listings") is None
    assert operations(house) == []
    assert house.value("SELECT state FROM sources") == "up"
    last = house.value("SELECT last_success_ms FROM sources")
    assert isinstance(last, int)
    assert last > house.now().timestamp() * 1000 - MINUTE * 1000


class Every:
    """A fault at every n-th request."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._count = 0

    def __call__(self, _number: int, _type: str) -> UpstreamError | None:
        self._count += 1
        return BROKEN if self._count % self._n == 0 else None


def test_a_refusal_is_told_once_across_restarts_and_its_end_once(build: Build) -> None:
    house = build()
    house.world.populate(2)
    house.pages.fault = lambda _number, _type: REFUSED
    for _ in range(3):
        house.poll(5 * MINUTE)
        house.stop()
    assert operations(house) == ["source.down"]
    house.pages.fault = lambda _number, _type: None
    house.poll(MINUTE)
    house.stop()
    house.poll(MINUTE)
    assert operations(house) == ["source.down", "source.up"]
    assert house.value("SELECT state FROM sources") == "up"
    assert [event.data.remedy for event in house.events()] == ["check the token", ""]
    assert b'"remedy":""' in encode(house.events()[1])


def test_a_refusal_is_probed_once_a_minute(build: Build) -> None:
    house = build()
    house.pages.fault = lambda _number, _type: REFUSED
    house.poll(10 * MINUTE)
    assert 10 <= len(house.requests()) <= 11


def test_three_faults_in_a_row_are_an_outage_and_two_are_none(build: Build) -> None:
    house = build()
    house.world.populate(2)
    house.pages.faults = deque([BROKEN, BROKEN, None, BROKEN, BROKEN])
    house.poll(MINUTE)
    assert operations(house) == []
    house.pages.faults = deque([BROKEN] * 3)
    house.poll(MINUTE)
    assert operations(house) == ["source.down", "source.up"]


def test_a_page_that_always_fails_is_an_outage_although_others_are_read(build: Build) -> None:
    house = build(types=("lead", "non-lead"))
    house.world.populate(12)
    house.world.populate(3, listing_type="non-lead")
    house.pages.fault = lambda number, listing_type: (
        BROKEN if (number, listing_type) == (3, "lead") else None
    )
    house.poll(3600)
    assert operations(house) == ["source.down"]
    assert len(house.requests()) < 300
    house.pages.fault = lambda _number, _type: None
    house.poll(10 * MINUTE)
    assert operations(house) == ["source.down", "source.up"]


def test_an_outage_that_could_not_be_stored_is_told_later(build: Build) -> None:
    house = build()
    house.world.populate(2)
    house.poll(1)
    house.pages.fault = lambda _number, _type: REFUSED
    house.poll(14.1)  # the request that will be refused is under way
    house.store.faults.append(StoreError("disk full"))
    house.poll(2 * MINUTE)
    assert operations(house) == ["source.down"]


@pytest.mark.parametrize("fault", [paused(3600), BROKEN, REFUSED])
def test_a_stop_waits_for_no_pause(build: Build, fault: UpstreamError) -> None:
    house = build()
    house.world.populate(2)
    house.pages.fault = lambda _number, _type: fault
    house.poll(MINUTE)
    before = house.loop.time()
    house.stop()
    assert house.loop.time() == before


def test_a_stop_cuts_a_request_short_and_commits_nothing_of_it(build: Build) -> None:
    house = build()
    house.world.populate(2)
    house.poll(0.01)
    house.stop()
    assert house.loop.time() == pytest.approx(0.01)
    assert house.value("SELECT COUNT(*) FROM records") == 0


def test_the_database_being_full_for_a_while_loses_nothing(build: Build) -> None:
    house = build()
    house.world.populate(4)
    house.poll(MINUTE)
    house.world.create(name="Asha")
    house.store.faults.extend([StoreError("disk full")] * 30)
    house.poll(9 * MINUTE)
    assert [event_type for event_type, _ in house.told()] == ["lead.created"]


def test_a_lead_that_moved_up_while_the_database_was_full_is_no_new_one(build: Build) -> None:
    house = build(page_size=2, sweep_s=5 * MINUTE)
    house.world.populate(5)
    first = str(house.world.page(1, size=2)[0]["_id"])

    def page(number: int, _type: str) -> None:
        if number == 3 and first in house.world.ids():
            house.world.delete(first)
            house.store.faults.append(StoreError("disk full"))

    house.pages.before_page = page
    house.poll(9 * MINUTE)
    assert first not in house.world.ids()
    assert house.told() == []


def test_three_single_rounds_that_fail_in_a_row_are_an_outage_and_a_good_one_ends_it(
    build: Build,
) -> None:
    house = build(page_size=2)
    house.world.populate(5)
    assert house.once()
    house.pages.faults = deque([BROKEN, BROKEN])
    assert [house.once() for _ in range(3)] == [False, False, True]
    house.pages.fault = lambda number, _type: BROKEN if number == 2 else None
    for _ in range(4):
        assert not house.once()
    assert operations(house) == ["source.down"]
    house.pages.fault = lambda _number, _type: None
    assert house.once()
    assert operations(house) == ["source.down", "source.up"]


def test_failures_of_an_earlier_process_do_not_slow_the_next_one_down(build: Build) -> None:
    house = build()
    house.world.populate(2)
    house.pages.fault = lambda _number, _type: BROKEN
    house.poll(20 * MINUTE)
    house.stop()
    begun = house.loop.time()
    house.poll(10)
    assert len(house.requests(since_s=begun)) >= 3
