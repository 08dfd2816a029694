from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from notifier.core import diff
from notifier.core.records import Lead, Source, parse
from notifier.simulator.day import Act, play, play_on, script
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
SOURCE = Source(name="default", bot_id=BOT_ID, customer_id=CUSTOMER_ID)
CONTACT = ("name", "email", "phone")


class Time:
    """A clock that goes on only while somebody sleeps."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def now(self) -> datetime:
        return NINE + timedelta(seconds=self.slept_s)

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.slept_s += seconds


def test_the_same_seed_writes_the_same_day() -> None:
    assert script(seed=5) == script(seed=5)
    assert script(seed=5) != script(seed=6)


def test_a_day_has_everything_that_happens_in_an_inbox() -> None:
    steps = script(seed=1, visitors=60)
    assert steps[0].at_s == 0.0
    assert {step.act for step in steps} == set(Act)
    given = [step.fields for step in steps if step.act is Act.CHANGE]
    statuses = {fields["status"] for fields in given if "status" in fields}
    assert statuses == {"INPROGRESS", "REVIEW", "ONHOLD", "DEPENDANCY", "CLOSED"}
    assignments = Counter(step.visitor for step in steps if "assignee" in step.fields)
    assert set(assignments.values()) == {1, 2}
    assert len(assignments) < 60


def test_a_visitor_gives_name_email_and_phone_one_after_another() -> None:
    given: defaultdict[int, list[str]] = defaultdict(list)
    for step in script(seed=1, visitors=60):
        if step.act is Act.CHANGE:
            given[step.visitor] += [name for name in step.fields if name in CONTACT]
    assert {tuple(names) for names in given.values()} == {
        ("name",),
        ("name", "email"),
        ("name", "phone"),
        ("name", "email", "phone"),
    }


async def test_a_day_is_played_at_the_given_speed() -> None:
    time = Time()
    world = World(clock=time.now)
    steps = script(seed=2, visitors=10)
    await play(world, steps, speed=60.0, sleep=time.sleep)
    assert round(time.slept_s, 3) == round(steps[-1].at_s / 60.0, 3)
    assert world.count("lead") == 10
    assert world.count("non-lead") == 0


async def test_every_later_step_changes_what_the_listing_shows() -> None:
    time = Time()
    world = World(clock=time.now)

    def leads() -> dict[str, Lead]:
        rows = {
            listing_type: world.page(1, size=100, listing_type=listing_type)
            for listing_type in ("lead", "non-lead")
        }
        return {
            row["_id"]: parse(row, listing_type=listing_type, source=SOURCE, agents={})
            for listing_type, listed in rows.items()
            for row in listed
        }

    happened: Counter[str] = Counter()
    before: dict[str, Lead] = {}

    async def look(seconds: float) -> None:
        nonlocal before
        after = leads()
        for lead_id, lead in before.items():
            happened.update(change.field for change in diff.diff(lead, after[lead_id]))
        before = after
        await time.sleep(seconds)

    steps = script(seed=3, visitors=20)
    await play(world, steps, sleep=look)
    written = Counter(name for s in steps[:-1] for name in s.fields if s.act is Act.CHANGE)
    for name in (*CONTACT, "status", "assignee"):
        assert happened[name] == written[name], name
    assert happened["last_message"] == sum(step.act is Act.SAY for step in steps[:-1])


async def test_days_follow_each_other() -> None:
    world = World(clock=lambda: NINE)

    class EnoughError(Exception):
        pass

    async def sleep(_seconds: float) -> None:
        if world.count("lead") == 7:
            raise EnoughError

    with pytest.raises(EnoughError):
        await play_on(world, seed=1, visitors=2, sleep=sleep)
