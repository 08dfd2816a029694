"""What becomes an event, and what does not: first runs, conversions, late and double rows."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from poller_house import Build, House, houses

from notifier.core.rows import Json, Row, iso_ms
from notifier.simulator.listing import Order
from support.databases import Database

HOUR = 3600
LEAD, CHAT = "lead", "non-lead"


@pytest.fixture
def build(database: Database) -> Iterator[Build]:
    yield from houses(database)


def settled(house: House, count: int = 12) -> House:
    for listing_type in house.types:
        house.world.populate(count, listing_type=listing_type)
    house.poll(3 * 60)
    house.store.db.execute("DELETE FROM events")
    return house


def event_types(house: House) -> list[str]:
    return [event_type for event_type, _ in house.told()]


def test_a_silent_first_run_tells_of_nobody(build: Build) -> None:
    house = build()
    house.world.populate(50)
    house.poll(5 * 60)
    assert house.value("SELECT COUNT(*) FROM records") == 50
    assert house.events() == []


def test_a_first_run_may_tell_of_everybody(build: Build) -> None:
    house = build(first_run=None)
    house.world.populate(50)
    house.poll(5 * 60)
    assert event_types(house) == ["lead.created"] * 50


def test_a_first_run_may_tell_of_those_created_lately(build: Build) -> None:
    house = build(first_run=timedelta(hours=24))
    now = house.now()
    for hours in (1, 23, 25, 100):
        house.world.put({"createdAt": iso_ms(now - timedelta(hours=hours)), "status": "OPEN"})
    house.poll(60)
    assert event_types(house) == ["lead.created"] * 2


@pytest.mark.parametrize("order", [Order.UPDATED_DESC, Order.CREATED_ASC])
def test_who_comes_while_the_baseline_runs_is_announced(build: Build, order: Order) -> None:
    house = build(order=order)
    house.world.populate(60)
    house.poll(5)
    assert house.value("SELECT baseline_done_ms FROM listings") is None
    lead_id = house.world.create(name="Asha")
    house.poll(60)
    assert house.told() == [("lead.created", lead_id)]


def test_a_baseline_cut_short_goes_on_silently_and_tells_what_changed_meanwhile(
    build: Build,
) -> None:
    house = build()
    ids = house.world.populate(60)
    house.poll(8)
    house.kill()
    read = house.value("SELECT lead_id FROM records LIMIT 1")
    assert isinstance(read, str)
    house.away(HOUR)
    house.world.change(read, status="PARKED")
    new = house.world.create(name="Asha")
    house.poll(3 * 60)
    assert house.value("SELECT COUNT(*) FROM records") == len(ids) + 1
    assert sorted(house.told()) == [("lead.created", new), ("lead.status_changed", read)]


def test_a_type_added_later_has_a_silent_baseline_of_its_own(build: Build) -> None:
    house = build()
    house.world.populate(10)
    house.world.populate(10, listing_type=CHAT)
    house.poll(2 * 60)
    house.stop()
    house.types = (LEAD, CHAT)
    house.poll(2 * 60)
    assert house.value("SELECT COUNT(*) FROM records") == 20
    assert house.events() == []
    house.world.create(listing_type=CHAT)
    house.poll(60)
    assert event_types(house) == ["chat.created"]


def test_a_conversion_is_told_as_created_alone_and_its_old_row_as_nothing(
    build: Build,
) -> None:
    house = settled(build(types=(LEAD, CHAT)))
    chat = house.world.ids(CHAT)[0]
    stale = house.world.row(chat)
    house.world.convert(chat)
    house.world.change(chat, status="PARKED")
    house.world.put(stale, listing_type=CHAT)
    house.poll(2 * 60)
    assert house.told() == [("lead.created", chat)]
    assert house.events()[0].data.converted


def test_who_vanishes_and_returns_is_no_event(build: Build) -> None:
    house = settled(build(sweep_s=600))
    row = house.world.delete(house.world.ids()[3])
    house.poll(20 * 60)
    assert house.value("SELECT COUNT(*) FROM records WHERE absent > 0") == 1
    house.world.put(row)
    house.poll(20 * 60)
    assert house.value("SELECT COUNT(*) FROM records WHERE absent > 0") == 0
    assert house.events() == []


def test_a_listing_that_is_suddenly_empty_and_full_again_is_no_event(build: Build) -> None:
    house = settled(build(sweep_s=HOUR, page_size=3))
    rows = [house.world.delete(lead_id) for lead_id in house.world.ids()]
    house.poll(HOUR)
    assert house.value("SELECT COUNT(*) FROM records WHERE absent > 0") == len(rows)
    for row in rows:
        house.world.put(row)
    # The head poll that meets the first of them has the rest looked for at once.
    house.poll(60)
    assert house.value("SELECT COUNT(*) FROM records WHERE absent > 0") == 0
    assert house.events() == []


def test_who_moves_to_the_front_during_a_sweep_is_not_absent(build: Build) -> None:
    house = build(page_size=2, sweep_s=HOUR, limit=20)
    house.world.populate(40)
    house.poll(HOUR + 3 * 60)
    last = house.world.page(20, size=2)[-1]["_id"]
    while ("lead", 5) not in house.requests(since_s=HOUR):
        house.poll(1)
    house.world.change(last, status="PARKED")
    house.poll(10 * 60)
    assert house.told() == [("lead.status_changed", last)]
    assert house.value("SELECT COUNT(*) FROM records WHERE absent > 0") == 0


def test_a_lagging_row_counts_only_when_the_next_walk_reads_it_again(build: Build) -> None:
    house = settled(build())
    lead_id = house.world.ids()[0]
    old = house.world.row(lead_id)
    house.world.change(lead_id, status="PARKED")
    house.poll(15)
    assert event_types(house) == ["lead.status_changed"]
    current = house.world.row(lead_id)

    def lagging(rows: list[Row]) -> list[Row]:
        return [old if row["_id"] == lead_id else row for row in rows]

    house.pages.change_rows = lagging
    house.poll(15)
    house.pages.change_rows = lambda rows: rows
    house.poll(15)
    assert house.world.row(lead_id) == current
    assert event_types(house) == ["lead.status_changed"]
    house.pages.change_rows = lagging
    house.poll(30)
    assert event_types(house) == ["lead.status_changed"] * 2


@pytest.mark.parametrize("updated", [None, "", "garbage", 17, "9999-12-31T23:59:59.999Z", ...])
def test_an_unusable_update_time_hides_no_change(build: Build, updated: object) -> None:
    house = settled(build(sweep_s=60))
    lead_id = house.world.ids()[0]
    house.world.change(lead_id, status="ONE", updatedAt=updated)
    house.poll(3 * 60)
    house.kill()
    house.world.change(lead_id, status="TWO", updatedAt=updated)
    house.poll(3 * 60)
    house.world.change(lead_id, status="THREE")
    house.poll(3 * 60)
    changes = [event.data.changes or {} for event in house.events()]
    assert [change["status"].new for change in changes] == ["ONE", "TWO", "THREE"]


def test_the_same_update_time_with_other_content_is_a_change(build: Build) -> None:
    house = settled(build())
    row = house.world.page(1, size=3)[0]
    house.world.change(row["_id"], status="PARKED", updatedAt=row["updatedAt"])
    house.poll(60)
    assert event_types(house) == ["lead.status_changed"]


def test_an_id_that_stands_twice_with_two_contents_does_not_change_back_and_forth(
    build: Build,
) -> None:
    house = settled(build(page_size=20))

    def doubled(rows: list[Row]) -> list[Row]:
        return [*rows, *({**row, "status": "DOUBLE"} for row in rows[:1])]

    house.pages.change_rows = doubled
    house.poll(5 * 60)
    assert house.events() == []


def test_an_id_that_stands_twice_on_one_walk_is_created_once(build: Build) -> None:
    house = settled(build())
    lead_id = house.world.create(name="Asha")

    def shift(number: int, _type: str) -> None:
        if number == 2:
            house.pages.before_page = lambda _number, _type: None
            for _ in range(3):
                house.world.create(name="Another")

    house.pages.before_page = shift
    house.poll(60)
    assert house.told().count(("lead.created", lead_id)) == 1
    assert len(house.told()) == 4


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_host_clock_that_jumps_hides_and_invents_nothing(build: Build, hours: int) -> None:
    house = settled(build())
    house.clock_step = timedelta(hours=hours)
    house.world.change(house.world.ids()[0], status="PARKED")
    house.poll(2 * 60)
    house.stop()
    house.poll(2 * 60)
    assert event_types(house) == ["lead.status_changed"]


def test_a_last_message_that_was_left_out_for_a_while_is_no_new_one(build: Build) -> None:
    house = settled(build())
    lead_id = house.world.ids()[0]
    said = {"at": iso_ms(house.now()), "by": "user", "text": "Hello"}
    house.world.change(lead_id, lastMessage=said)
    house.poll(30)
    house.world.change(lead_id, lastMessage=None)
    house.poll(30)
    house.world.change(lead_id, lastMessage=said)
    house.poll(30)
    assert event_types(house) == ["lead.message"]


def test_a_message_of_the_same_time_with_another_speaker_or_words_is_news(
    build: Build,
) -> None:
    house = settled(build(), count=1)
    (lead_id,) = house.world.ids()
    at = iso_ms(house.now())
    for message in (
        {"at": at, "by": "user", "text": "What is the price?"},
        {"at": at, "by": "bot", "text": "It costs 500"},
        {"at": at, "by": "bot", "text": "It costs 500 a month"},
        {"at": at, "by": "bot", "text": "It costs  500 a month\u200b"},
    ):
        house.world.change(lead_id, lastMessage=message)
        house.poll(60)
    assert event_types(house) == ["lead.message"] * 3


ODD: dict[str, Json] = {
    "name": "Jose\u0301  Díaz\u200b",
    "city": "New\u00a0Delhi",
    "tags": ["\u202ahot\u202c", "\u3164"],
    "attributes": {"Budget": "5000\u200b", "ok": None},
    "notes": [{"_id": "1", "title": "a"}, {"_id": "2", "title": "b\ufeff"}],
}
NEAT: dict[str, Json] = {
    "name": "José Díaz",
    "city": "New Delhi",
    "tags": ["hot"],
    "attributes": {"Budget": 5000},
    "notes": [{"_id": "2", "title": "b"}, {"_id": "1", "title": "a"}],
}


def test_rows_that_look_the_same_are_no_news_whichever_was_stored_first(build: Build) -> None:
    house = build()
    odd = [house.world.create(**ODD) for _ in range(20)]
    neat = house.world.create(**NEAT)
    house.poll(3 * 60)
    kept = house.value("SELECT COUNT(*) FROM records WHERE row LIKE '%Jose\u0301  Díaz\u200b%'")
    assert kept == len(odd)  # the snapshot has a row as it came, whatever is read in it
    house.store.db.execute("DELETE FROM events")
    for lead_id in odd:
        house.world.change(lead_id, isOnline=True)
    house.poll(60)
    for lead_id in odd:
        house.world.change(lead_id, **NEAT)
    house.world.change(neat, **ODD)
    house.poll(60)
    assert house.told() == []
    house.world.change(neat, **{**ODD, "city": "Pune\u200b"})
    house.poll(60)
    (event,) = house.events()
    assert event.data.changes
    assert {name: (c.old, c.new) for name, c in event.data.changes.items()} == {
        "city": ("New Delhi", "Pune")
    }
