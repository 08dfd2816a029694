"""What happens in one simulated life: entries drawn from a seed, each of them plain data.

A story can be written down, cut shorter and lived again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from random import Random

from simulation.disk import Moment
from simulation.rules import nine_of
from simulation.servers import Trouble

MINUTE_S, HOUR_S, DAY_S = 60.0, 3_600.0, 86_400.0
STATUSES = ("OPEN", "INPROGRESS", "REVIEW", "ONHOLD", "CLOSED")
AGENTS = ("agent-asha", "agent-boris", "agent-chen")
OPENS, CLOSES = 9, 18
DEEDS = (
    ("status", "assign", "flip", "say", "convert", "delete", "take", "release", "snooze"),
    (6, 5, 1.5, 3, 1, 0.6, 2, 0.5, 1),
)
TROUBLES = (("server", "answer", "disk", "clock", "others", "stop"), (6, 3, 1, 1, 1, 1))
ODD_ANSWERS = (
    *(f"upstream: {name}" for name in ("html", "not so", "cut short", "500", "401", "403")),
    *(f"{hook}: {status}" for hook in ("crm", "audit") for status in (302, 404, 422, 500)),
)
BAD_RECORDS = (
    "null",
    '"words"',
    "[]",
    '{"status":"OPEN"}',
    '{"_id":7}',
    '{"_id":"' + "9" * 9_000 + '"}',
)
HOLIDAYS = 0.04
NEWEST = -1
VERSIONS = ("0.1.0", "0.2.0")
ANSWERED = (("", "take", "assign", "mistake"), (10, 2, 1, 2))
"""What agents do soon about a lead that has just come."""
ONCE = (("", "upstream", "slack", "crm", "audit"), (3, 4, 2, 1, 1))
SORTED = "updated-desc"
ORDERS = (*[SORTED] * 9, "created-desc", "last-message-desc", "unordered")
FAULTS = {
    "trouble": "",
    "odd answers": "",
    "kill": "",
    "disk full": "disk full",
    "clock": "clock set",
    "stop": "stopped",
    "others use the token": "token used by others",
    "bad record": "bad record",
    "freeze": "frozen",
    "cut off": "cut off",
    "answer lost": "answer lost",
    "upgrade": "upgraded",
}
"""Entries of a story that are faults, and how they are counted."""
REST_S = 30 * HOUR_S
"""How long nothing is wrong at the end. A destination that failed is probed each five
minutes, but a message that failed for itself may wait for a day."""
LAST_S = 4 * HOUR_S
"""How long before it the last visitor comes, whom each fault may meet that met nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that happens at ``at_s``; ``what`` says which of the world's acts it is.

    A death waits from then on until the server ``once`` takes a request.
    """

    at_s: float
    what: str
    number: int = 0
    text: str = ""
    lasts_s: float = 0.0
    once: str = ""

    def told(self) -> str:
        """Return it as a line of the story."""
        day, rest = divmod(self.at_s, DAY_S)
        hour, rest = divmod(rest, HOUR_S)
        minute, second = divmod(rest, MINUTE_S)
        lasts = f" for {self.lasts_s:.0f} s" if self.lasts_s else ""
        when = f"day {day:3.0f} {hour:02.0f}:{minute:02.0f}:{second:04.1f}"
        once = f" once {self.once} is asked" if self.once else ""
        return f"{when}  {self.what} {self.number or ''} {self.text}{lasts}{once}".rstrip()


def name_of(fault: Entry) -> str:
    """Return the name under which a fault is counted once it took effect."""
    if fault.what == "kill":
        return "killed at an await" if fault.text == "await" else f"killed {fault.text}"
    if fault.what == "upgrade":
        return FAULTS[fault.what]
    return fault.text or FAULTS[fault.what]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A seed and what was drawn from it; ``order`` is how the listing is sorted.

    The pages of a ``ragged`` listing are not all of one length. ``members`` share the work,
    where there are several.
    """

    seed: int
    days: int
    leads: int
    poll_s: int
    limit: int
    order: str
    ragged: bool = False
    entries: tuple[Entry, ...] = field(repr=False)
    rest_s: float = REST_S
    members: int = 0

    @property
    def upgraded_s(self) -> float:
        """When the version before had its end; 0 where it never lived."""
        return max((one.at_s for one in self.entries if one.what == "upgrade"), default=0.0)

    @property
    def days_s(self) -> float:
        """When its days are over."""
        return self.days * DAY_S

    @property
    def rests_from_s(self) -> float:
        """From when on nothing more goes wrong."""
        return self.ends_s - REST_S

    @property
    def ends_s(self) -> float:
        """When the simulation ends."""
        return self.days_s + self.rest_s

    def told(self) -> str:
        """Return the story as text."""
        head = (
            f"seed {self.seed}: {self.days} days, {self.leads} leads to begin with, "
            f"listing by {self.order}{', ragged' * self.ragged}, a poll each {self.poll_s} s, "
            f"{self.limit} requests a minute"
        )
        return "\n".join([head, *(entry.told() for entry in self.entries)])


def drawn(seed: int, *, days: int, members: int = 0) -> Story:
    """Return the story of a seed."""
    rng = Random(seed)
    work = list(_work(rng, days))
    entries = [*work, *_troubles(rng, days, work), *_absences(rng, days), *_kills(rng, work)]
    if members:
        entries += _partings(rng, days, work)
    order = rng.choice(ORDERS)
    leads, poll_s = rng.choice((0, 5, 45, 130)), rng.choice((600, 900, 1_800))
    # Reading costs most; where no order helps, all that is allowed is asked.
    limit = rng.choice((2, 3, 6) if order == SORTED else (1, 2))
    ragged = rng.random() < 0.3
    if not members:
        entries += _upgrade(rng, days)
    entries += _last(days * DAY_S)
    return Story(
        seed=seed,
        days=days,
        leads=leads,
        poll_s=poll_s,
        limit=limit,
        order=order,
        ragged=ragged,
        entries=tuple(sorted(entries, key=lambda entry: entry.at_s)),
        # In whole seconds: the loop's clock knows no less than a microsecond.
        rest_s=REST_S + max(ceil(_over_s(entries) - days * DAY_S), int(LAST_S)),
        members=members,
    )


def _over_s(entries: list[Entry]) -> float:
    """Return when the last of what happens is over."""
    return max((entry.at_s + entry.lasts_s for entry in entries), default=0.0)


def _work(rng: Random, days: int) -> Iterator[Entry]:
    """Yield what visitors and agents do: by day, by night, in campaigns, on holidays."""
    busy = rng.choices((0.1, 0.3, 1.0, 2.0), (4, 4, 2, 0.5))[0]
    present = _present(rng, days)
    for day in range(days):
        is_off = day % 7 >= 5 or rng.random() < HOLIDAYS
        campaign = rng.random() < 0.06
        for hour in range(24):
            awake = OPENS <= hour < CLOSES
            mean = busy * (3.0 if campaign else 1.0) * (1.2 if awake else 0.25)
            for _ in range(_count(rng, mean)):
                yield (visit := _visit(rng, day, hour))
                if visit.what == "create" and awake and not is_off:
                    yield from _answered(rng, visit.at_s, present[day])
            for _ in range(0 if is_off or not awake else _count(rng, mean * 2)):
                yield from _deed(rng, day, hour, present[day])
        if rng.random() < 0.05:
            at_s = _moment(rng, day, rng.randrange(24))
            yield Entry(at_s=at_s, what="import", number=rng.choice((3, 30, 90)))
        if rng.random() < 0.05:
            at_s = _moment(rng, day, rng.randrange(24))
            yield Entry(at_s=at_s, what="close many", number=rng.choice((5, 50)))


def _present(rng: Random, days: int) -> list[list[str]]:
    """Return who is not on leave on each day; one of them always is there."""
    leaves = {
        agent: [
            range(day, day + rng.choice((1, 5, 12)))
            for day in range(days)
            if rng.random() < 0.04
        ]
        for agent in AGENTS[1:]
    }
    return [
        [one for one in AGENTS if not any(day in leave for leave in leaves.get(one, ()))]
        for day in range(days)
    ]


def _visit(rng: Random, day: int, hour: int) -> Entry:
    what = rng.choices(("create", "say", "noise", "chat"), (5, 4, 3, 1))[0]
    return Entry(at_s=_moment(rng, day, hour), what=what, number=rng.getrandbits(20))


def _answered(rng: Random, came_s: float, present: list[str]) -> Iterator[Entry]:
    """Yield what is done about a new lead within the hour; by mistake, it is taken back."""
    what, agent = rng.choices(*ANSWERED)[0], rng.choice(present)
    at_s = came_s + rng.uniform(1.0, 40.0) * MINUTE_S
    if what == "mistake":
        what = "assign"
        yield Entry(at_s=at_s + rng.choice((15.0, 21.0)) * MINUTE_S, what="back")
    if what:
        yield Entry(at_s=at_s, what=what, number=NEWEST, text=agent)


def _deed(rng: Random, day: int, hour: int, present: list[str]) -> Iterator[Entry]:
    """Yield what an agent does; leads are given to those on leave, too."""
    what = rng.choices(*DEEDS)[0]
    agent, number = rng.choice(AGENTS if what == "assign" else present), rng.getrandbits(20)
    at_s = _moment(rng, day, hour)
    if what == "flip":  # and what was changed is taken back soon
        back_s = rng.choice((2.0, 6.0, 15.0, 21.0)) * MINUTE_S
        yield Entry(at_s=at_s + back_s, what="back")
        what = rng.choice(("status", "assign"))
    text = {
        "status": rng.choice(STATUSES),
        "assign": rng.choice((agent, agent, agent, "")),
        **dict.fromkeys(("take", "release", "snooze"), agent),
    }.get(what, "")
    yield Entry(at_s=at_s, what=what, number=number, text=text)


def _troubles(rng: Random, days: int, work: list[Entry]) -> Iterator[Entry]:
    """Yield what goes wrong; the first hour and the time of rest are quiet."""
    for _ in range(_count(rng, days * rng.choice((0.0, 0.5, 1.5)))):
        at_s = rng.uniform(HOUR_S, days * DAY_S)
        if work and rng.random() < 0.7:  # while there is something to tell
            at_s = max(HOUR_S, rng.choice(work).at_s - rng.uniform(0.0, 600.0))
        match rng.choices(*TROUBLES)[0]:
            case "server":
                host = rng.choice(("upstream", "crm", "crm", "audit", "slack", "mail"))
                text = f"{host}: {rng.choice(list(Trouble))}"
                lasts_s = rng.choice((30.0, 600.0, 4 * HOUR_S, 15 * HOUR_S))
                yield Entry(at_s=at_s, what="trouble", text=text, lasts_s=lasts_s)
                if text.endswith(Trouble.TWICE):  # something must follow on a second answer
                    yield Entry(at_s=at_s + 1.0, what="import", number=5)
            case "answer":
                text = rng.choice(ODD_ANSWERS)
                lasts_s = rng.choice((30.0, 600.0, 4 * HOUR_S))
                yield Entry(at_s=at_s, what="odd answers", text=text, lasts_s=lasts_s)
            case "disk":
                lasts_s, after = rng.choice(((20.0, 0), (3_000.0, 0), (3_000.0, 1)))
                after *= rng.randrange(1, 12)
                yield Entry(at_s=at_s, what="disk full", number=after, lasts_s=lasts_s)
            case "clock":
                by_s = rng.choice((-7200, -40, 40, 3600))
                yield Entry(at_s=at_s, what="clock", number=by_s, lasts_s=rng.uniform(600, 9e4))
            case "others":
                yield Entry(at_s=at_s, what="others use the token", lasts_s=1_800.0)
            case "stop":
                yield Entry(at_s=at_s, what="stop", lasts_s=rng.choice((1.0, 5 * HOUR_S)))


def _absences(rng: Random, days: int) -> Iterator[Entry]:
    """Yield bad records among the good, and stops over the time of a report."""
    for day in range(days):
        if rng.random() < 0.1:
            at_s, number = _moment(rng, day, rng.randrange(24)), rng.randrange(len(BAD_RECORDS))
            yield Entry(at_s=at_s, what="bad record", number=number, lasts_s=6 * HOUR_S)
        if day % 7 == 0 and rng.random() < 0.3:
            at_s = nine_of(day) - rng.uniform(5.0, 1_200.0)
            yield Entry(at_s=at_s, what="stop", lasts_s=rng.choice((1_300.0, 3 * HOUR_S)))


def _kills(rng: Random, work: list[Entry]) -> Iterator[Entry]:
    """Yield deaths of the process while there is something to lose, some of them in a row.

    At such a moment the disk may fill, too.
    """
    if rng.random() < 0.2:  # in the first walk
        yield _kill(rng, 0.0)
    many = [entry for entry in work if entry.what in ("import", "close many")]
    if work and rng.random() < 0.2:
        at_s, after = rng.choice(work).at_s, rng.randrange(1, 12)
        yield Entry(at_s=max(at_s, HOUR_S), what="disk full", number=after, lasts_s=1_500.0)
    some = rng.sample(work, _count(rng, len(work) * rng.choice((0.0, 0.02, 0.1))))
    for entry in [*some, *(one for one in many if rng.random() < 0.4)]:
        at_s = max(entry.at_s, HOUR_S)
        for _ in range(rng.choice((1, 1, 1, 4))):
            yield _kill(rng, at_s)
            at_s += rng.uniform(1.0, 90.0)


def _partings(rng: Random, days: int, work: list[Entry]) -> Iterator[Entry]:
    """Yield what comes between members and their database."""
    for _ in range(_count(rng, days * rng.choice((1.0, 4.0)))):
        at_s = rng.uniform(HOUR_S, days * DAY_S)
        if work and rng.random() < 0.7:
            at_s = max(HOUR_S, rng.choice(work).at_s + rng.uniform(-60.0, 60.0))
        what = rng.choice(("freeze", "freeze", "cut off", "answer lost"))
        lasts_s = rng.choice((10.0, 400.0, 560.0, 700.0, 2_500.0))
        number = rng.randrange(1, 12)
        yield Entry(at_s=at_s, what=what, number=number, lasts_s=lasts_s)


def _upgrade(rng: Random, days: int) -> Iterator[Entry]:
    """Yield, in some lives, the end of the version before; the new one may die as it begins."""
    if rng.random() < 0.3:
        at_s, lasts_s = rng.uniform(HOUR_S, min(days, 3) * DAY_S), rng.choice((5.0, HOUR_S))
        deaths, version = rng.choice((0, rng.randrange(1, 100))), rng.choice(VERSIONS)
        yield Entry(at_s=at_s, what="upgrade", number=deaths, text=version, lasts_s=lasts_s)


def _last(at_s: float) -> Iterator[Entry]:
    """Yield a last visitor and what becomes of the lead, when the days are over."""
    yield Entry(at_s=at_s, what="create")
    yield Entry(at_s=at_s + HOUR_S, what="assign", number=NEWEST, text=AGENTS[0])
    yield Entry(at_s=at_s + 2 * HOUR_S, what="status", number=NEWEST, text=STATUSES[-1])


def _kill(rng: Random, at_s: float) -> Entry:
    where, once = rng.choice((*Moment, "await", "await")), rng.choices(*ONCE)[0]
    number = rng.choice((1, rng.randrange(1, 12), 1 if once else rng.randrange(1, 80)))
    return Entry(
        at_s=at_s,
        what="kill",
        text=str(where),
        number=number,
        lasts_s=rng.choice((0.0, 5.0, 600.0)),
        once=once,
    )


def _count(rng: Random, mean: float) -> int:
    """Return a whole number whose mean is ``mean``."""
    whole = int(mean)
    return sum(rng.random() < 0.5 for _ in range(2 * whole)) + (rng.random() < mean - whole)


def _moment(rng: Random, day: int, hour: int) -> float:
    return day * DAY_S + hour * HOUR_S + rng.uniform(0.0, HOUR_S)
