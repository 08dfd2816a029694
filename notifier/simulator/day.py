"""A day of a sales inbox, as a script that can be played at any speed.

Visitors come mostly late in the morning and after lunch, give name, email and
phone one after another, write, are taken on, handed over, and closed. Some
begin as mere chats, and some are never taken care of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from random import Random

from notifier.core.records import LEAD, NON_LEAD
from notifier.core.rows import Json
from notifier.simulator.people import AGENTS, Person, Place, person
from notifier.simulator.world import World

HOUR_S = 3600.0
COURSES = (
    ("CLOSED",),
    ("REVIEW", "CLOSED"),
    ("ONHOLD", "INPROGRESS", "CLOSED"),
    ("DEPENDANCY",),
    (),
)
REPLIES = (
    "Thank you, I'll look into it right away.",
    "Could we speak on the phone at 4?",
    "I have sent you our offer 📄",
    "Vielen Dank, ich melde mich gleich!",
    "धन्यवाद, मैं अभी देखती हूँ।",
)


class Act(StrEnum):
    """What can happen to a visitor of the day."""

    BEGIN = "begin"
    CHANGE = "change"
    SAY = "say"
    CONVERT = "convert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens ``at_s`` seconds into the day to one visitor.

    ``fields`` are the arguments of the :class:`World`'s method of that name.
    """

    at_s: float
    visitor: int
    act: Act
    fields: Mapping[str, Json] = field(default_factory=dict)


def script(*, seed: int, visitors: int = 40, hours: float = 9.0) -> list[Step]:
    """Return a day's steps in their order; it begins with the first visitor."""
    rng = Random(seed)  # noqa: S311 - reproducible, not secret
    day_s = hours * HOUR_S
    peaks = (0.25 * day_s, 0.7 * day_s)
    arrivals = sorted(rng.triangular(0.0, day_s, rng.choice(peaks)) for _ in range(visitors))
    steps = [
        step
        for number, at_s in enumerate(arrivals)
        for step in _story(rng, number, at_s - arrivals[0])
    ]
    return sorted(steps, key=lambda step: step.at_s)


async def play(
    world: World,
    steps: Iterable[Step],
    *,
    speed: float = 1.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Let the steps happen, ``speed`` times as fast as they are written."""
    ids: dict[int, str] = {}
    now_s = 0.0
    for step in steps:
        await sleep((step.at_s - now_s) / speed)
        now_s = step.at_s
        _happen(world, step, ids)


async def play_on(
    world: World,
    *,
    seed: int,
    visitors: int = 40,
    speed: float = 1.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Play one day after another, each with a seed of its own, until cancelled."""
    for day in count(seed):
        steps = script(seed=day, visitors=visitors)
        await play(world, steps, speed=speed, sleep=sleep)


def _happen(world: World, step: Step, ids: dict[int, str]) -> None:
    match step.act:
        case Act.BEGIN:
            ids[step.visitor] = world.create(**step.fields)
        case Act.CHANGE:
            world.change(ids[step.visitor], **step.fields)
        case Act.SAY:
            world.say(ids[step.visitor], **step.fields)
        case Act.CONVERT:
            world.convert(ids[step.visitor])


class _Story:
    """Writes the steps of one visitor; ``wait`` lets some time go by between them."""

    def __init__(self, rng: Random, number: int, at_s: float) -> None:
        self.rng = rng
        self.number = number
        self.at_s = at_s

    def wait(self, low_s: float, high_s: float) -> None:
        self.at_s += self.rng.uniform(low_s, high_s)

    def step(self, act: Act, **fields: Json) -> Step:
        return Step(at_s=self.at_s, visitor=self.number, act=act, fields=fields)


def _story(rng: Random, number: int, at_s: float) -> Iterator[Step]:
    visitor, place = person(rng)
    story = _Story(rng, number, at_s)
    yield from _introduction(story, visitor, place)
    if rng.random() < 0.85:
        yield from _attention(story, place)


def _introduction(story: _Story, visitor: Person, place: Place) -> Iterator[Step]:
    listing_type = story.rng.choice((LEAD, LEAD, LEAD, NON_LEAD))
    unknown = {"name": ..., "email": ..., "phone": ..., "picture": ...}
    seen = {"city": visitor.city, "country": visitor.country, "tags": [], "attributes": []}
    yield story.step(
        Act.BEGIN, listing_type=listing_type, gender=visitor.gender, **seen, **unknown
    )
    story.wait(5, 40)
    yield story.step(Act.CHANGE, name=visitor.name)
    if story.rng.random() < 0.9:
        story.wait(8, 45)
        yield story.step(Act.CHANGE, email=visitor.email)
    if story.rng.random() < 0.85:
        story.wait(8, 45)
        phone = {"number": visitor.number, "prefix": visitor.prefix}
        yield story.step(Act.CHANGE, phone=phone)
    if listing_type == NON_LEAD:
        story.wait(1, 5)
        yield story.step(Act.CONVERT)
    story.wait(20, 200)
    yield story.step(Act.SAY, text=story.rng.choice(place.messages))


def _attention(story: _Story, place: Place) -> Iterator[Step]:
    rng, agents = story.rng, story.rng.sample(AGENTS, 2)
    story.wait(60, 1800)
    yield story.step(Act.CHANGE, assignee=agents[0].id, status="INPROGRESS")
    for _ in range(rng.randrange(1, 4)):
        story.wait(30, 600)
        yield story.step(Act.SAY, text=rng.choice(REPLIES), by="agent")
        story.wait(30, 900)
        yield story.step(Act.SAY, text=rng.choice(place.messages))
    story.wait(10, 60)
    yield story.step(Act.CHANGE, isOnline=False)
    if rng.random() < 0.2:
        story.wait(60, 1800)
        yield story.step(Act.CHANGE, assignee=rng.choice((agents[1].id, agents[1].id, None)))
    for status in rng.choice(COURSES):
        story.wait(300, 5400)
        yield story.step(Act.CHANGE, status=status)
