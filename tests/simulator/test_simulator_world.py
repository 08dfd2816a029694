from datetime import UTC, datetime, timedelta

import pytest

from notifier.simulator.listing import Order
from notifier.simulator.world import World

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    """A clock that goes on by a second whenever somebody looks."""

    def __init__(self) -> None:
        self.now = NINE

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def ids(world: World, listing_type: str = "lead") -> list[str]:
    return [row["_id"] for row in world.page(1, size=100, listing_type=listing_type)]


def test_the_same_seed_and_clock_give_the_same_world() -> None:
    def lived(seed: int) -> World:
        world = World(clock=Clock(), seed=seed)
        world.populate(30)
        world.create()
        world.noise(5)
        return world

    pages = [lived(seed).page(1, size=50) for seed in (3, 3, 4)]
    assert pages[0] == pages[1]
    assert pages[0] != pages[2]


def test_a_populated_past_lies_before_now() -> None:
    world = World(clock=lambda: NINE)
    world.populate(200, over=timedelta(days=2))
    for row in world.page(1, size=200):
        assert "2026-02-28T09" <= row["createdAt"] <= row["lastMessage"]["at"]
        assert row["lastMessage"]["at"] <= row["updatedAt"] <= "2026-03-02T09:00:00.000Z"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.UPDATED_DESC, "acb"),
        (Order.UPDATED_ASC, "bca"),
        (Order.CREATED_DESC, "cba"),
        (Order.CREATED_ASC, "abc"),
        (Order.LAST_MESSAGE_DESC, "cba"),
        (Order.LAST_MESSAGE_ASC, "abc"),
        (Order.ID_DESC, "cba"),
        (Order.ID_ASC, "abc"),
    ],
)
def test_a_listing_is_sorted_as_told(order: Order, expected: str) -> None:
    world = World(clock=Clock())
    made = {world.create(): letter for letter in "abc"}
    world.change(next(iter(made)), status="CLOSED")
    world.sort(order)
    assert "".join(made[lead_id] for lead_id in ids(world)) == expected


def test_no_order_is_an_arbitrary_one_that_a_change_leaves_alone() -> None:
    world = World(clock=Clock(), order=Order.UNORDERED)
    created = [world.create() for _ in range(20)]
    before = ids(world)
    world.change(created[0], status="CLOSED")
    assert ids(world) == before
    assert before not in (created, created[::-1])


def test_a_message_moves_its_lead_to_the_front_of_the_message_order() -> None:
    world = World(clock=Clock(), order=Order.LAST_MESSAGE_DESC)
    first, second = world.create(), world.create()
    world.say(first, "Hello?")
    assert ids(world) == [first, second]


def test_a_change_sets_fields_by_short_name_or_key_and_takes_them_out() -> None:
    world = World(clock=Clock())
    lead = world.create(email="a@example.com", attributes={"Budget": "9"})
    before = world.row(lead)
    world.change(lead, name="Åse", email=..., status="REVIEW")
    details = world.row(lead)["profile"]["userDetails"]
    assert details["name"] == "Åse"
    assert "email" not in details["contact"]
    assert details["attributes"] == [{"key": "Budget", "value": "9"}]
    assert world.row(lead)["status"] == "REVIEW"
    assert world.row(lead)["updatedAt"] > before["updatedAt"]
    assert before["profile"]["userDetails"]["contact"]["email"] == "a@example.com"


def test_a_lead_is_assigned_and_taken_away_again() -> None:
    world = World(clock=Clock())
    lead = world.create()
    world.assign(lead, "agent-1")
    assert world.row(lead)["_agentAssigned"] == "agent-1"
    world.assign(lead, None)
    assert world.row(lead)["_agentAssigned"] is None


def test_a_converted_chat_keeps_its_id_in_the_other_listing() -> None:
    world = World(clock=Clock())
    chat = world.create(listing_type="non-lead")
    world.convert(chat)
    assert (ids(world), ids(world, "non-lead")) == ([chat], [])


def test_a_deleted_lead_is_in_no_listing() -> None:
    world = World(clock=Clock())
    lead = world.create()
    world.delete(lead)
    assert ids(world) == []
    with pytest.raises(KeyError):
        world.row(lead)


def test_noise_changes_presence_alone() -> None:
    world = World(clock=Clock())
    lead = world.create()
    before = world.row(lead)
    assert world.noise() == [lead]
    after = world.row(lead)
    differing = {key for key in after if after[key] != before[key]}
    assert differing == {"isOnline", "websiteVisits", "lastSeenAt", "updatedAt"}


def test_noise_the_upstream_does_not_count_leaves_the_update_time_alone() -> None:
    world = World(clock=Clock())
    before = world.row(world.create())
    world.noise(touch=False)
    assert world.row(before["_id"])["updatedAt"] == before["updatedAt"]


def test_a_given_row_is_listed_as_it_is() -> None:
    world = World(clock=Clock())
    world.put({"_id": "x", "status": 7})
    assert world.page(1, size=5) == [{"_id": "x", "status": 7}]
