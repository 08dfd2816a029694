"""Responses → figures: counts, nearest ranks, shares; by group, hour and day."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta, tzinfo
from operator import attrgetter

import msgspec

from notifier.core.responses import Response
from notifier.core.rows import iso_of_ms, moment_of
from notifier.reports.asked import Asked
from notifier.reports.hours import AllHours
from notifier.reports.model import Bar, Day, Group, Hour, Measure, Measures, Period
from notifier.rules.reports import By

SEEN_LATE_MS = 15 * 60_000
SLOT_MS = 15 * 60_000  # no zone's clock jumps within one
BARS_S = (60, 300, 900, 3_600, 14_400, 86_400)
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NOBODY = "nobody"
UNKNOWN = "unknown"


class Line(msgspec.Struct, frozen=True, gc=False):
    """One lead in milliseconds from its creation; ``None`` for what has not come to pass.

    It came on that ``date`` and ``hour`` of the week (day, 0 is Monday, and hour) by the
    clock on the wall. ``waited_ms`` is until now, and counts like the others.
    """

    response: Response
    date: str
    hour: tuple[int, int]
    owner_ms: int | None
    reply_ms: int | None
    taken_ms: int | None
    closed_ms: int | None
    waited_ms: int


def lines(found: Iterable[Response], hours: AllHours, asked: Asked) -> list[Line]:
    """Return the leads that count, in the order given: all but a silent baseline's."""
    # Column by column: a hundred thousand leads take half as long as lead by lead.
    leads = [one for one in found if not one.silent]
    created = [one.created_ms for one in leads]
    slots = [ms // SLOT_MS for ms in created]
    walls = {slot: _on_the_wall(slot, asked.zone) for slot in set(slots)}
    dates = [walls[slot][0] for slot in slots]
    hours_of_the_week = [walls[slot][1] for slot in slots]
    lasted = hours.lasting(
        created,
        (
            [one.owned_ms for one in leads],
            [one.replied_ms for one in leads],
            [one.taken_ms for one in leads],
            [one.closed_ms for one in leads],
            [asked.now_ms] * len(leads),
        ),
    )
    return list(map(Line, leads, dates, hours_of_the_week, *lasted))


def _on_the_wall(slot: int, zone: tzinfo) -> tuple[str, tuple[int, int]]:
    """Return date and hour of the week: the same throughout a quarter of an hour."""
    local = moment_of(slot * SLOT_MS).astimezone(zone)
    return local.date().isoformat(), (local.weekday(), local.hour)


def measures(found: Sequence[Line], goal_ms: int) -> Measures:
    """Return the four measures of these leads."""
    waited = [one.waited_ms for one in found]
    return Measures(
        owner=measure([one.owner_ms for one in found], waited, goal_ms),
        reply=measure([one.reply_ms for one in found], waited, goal_ms),
        taken=measure([one.taken_ms for one in found], waited, goal_ms),
        closed=measure([one.closed_ms for one in found], waited, goal_ms),
    )


def reply(found: Sequence[Line], goal_ms: int) -> Measure:
    """Return the measure of these leads' first replies."""
    waited = [one.waited_ms for one in found]
    return measure([one.reply_ms for one in found], waited, goal_ms)


def measure(lasted: Sequence[int | None], waited: Sequence[int], goal_ms: int) -> Measure:
    """Return the measure of how long each lead took, if at all, and how long it waited."""
    took = sorted([ms for ms in lasted if ms is not None])
    pairs = zip(lasted, waited, strict=True)
    missed = [ms for ms, waited_ms in pairs if ms is None and waited_ms > goal_ms]
    judged = len(took) + len(missed)
    return Measure(
        count=len(took),
        median_s=seconds(nearest_rank(took, 50)),
        p90_s=seconds(nearest_rank(took, 90)),
        within_goal=bisect_right(took, goal_ms) / judged if judged else None,
    )


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """Return the smallest value that so many percent of the values do not exceed."""
    if not ordered:
        return None
    return ordered[-(-percent * len(ordered) // 100) - 1]


def seconds(ms: int | None) -> int | None:
    """Return whole seconds, half of one rounded up."""
    return None if ms is None else (ms + 500) // 1000


def period(found: Sequence[Line], asked: Asked, *, from_ms: int, until_ms: int) -> Period:
    """Return what the leads of a period come to."""
    return Period(
        begins=iso_of_ms(from_ms),
        ends=iso_of_ms(until_ms),
        leads=len(found),
        waiting=_waiting(found),
        measures=measures(found, asked.goal_ms),
    )


def _waiting(found: Iterable[Line]) -> int:
    return sum(one.response.is_waiting for one in found)


def groups(found: Iterable[Line], asked: Asked) -> tuple[Group, ...]:
    """Return the groups asked for, the largest first; hours of the week in their order."""
    key_of = KEYS[asked.by]
    grouped: dict[str | None, list[Line]] = defaultdict(list)
    for one in found:
        grouped[key_of(one)].append(one)
    made = [
        Group(
            key=key,
            name=_name(key, members, asked),
            leads=len(members),
            waiting=_waiting(members),
            measures=measures(members, asked.goal_ms),
        )
        for key, members in grouped.items()
    ]
    if asked.by is By.HOUR:
        return tuple(sorted(made, key=lambda one: one.key or ""))
    return tuple(sorted(made, key=lambda one: (-one.leads, one.name)))


def _hour_of_the_week(one: Line) -> str:
    day, hour = one.hour
    return f"{day} {hour:02}"


KEYS: Mapping[By, Callable[[Line], str | None]] = {
    By.AGENT: attrgetter("response.agent"),
    By.SOURCE: attrgetter("response.bot_id"),
    By.STATUS: attrgetter("response.status"),
    By.COUNTRY: attrgetter("response.country"),
    By.HOUR: _hour_of_the_week,
}


def _name(key: str | None, members: Iterable[Line], asked: Asked) -> str:
    if key is None:
        return NOBODY if asked.by is By.AGENT else UNKNOWN
    match asked.by:
        case By.AGENT:
            return asked.agents.get(key) or _own_name(members) or key
        case By.SOURCE:
            return asked.sources.get(key, key)
        case By.HOUR:
            day, hour = key.split()
            return f"{WEEKDAYS[int(day)]} {hour}:00"
    return key


def _own_name(members: Iterable[Line]) -> str | None:
    """Return the name that a row had for the agent, which most have not."""
    named = (one.response.agent_name for one in members)
    return next(filter(None, named), None)


def hours(found: Iterable[Line], goal_ms: int) -> tuple[Hour, ...]:
    """Return the hours of the week in which leads came, from Monday on."""
    grouped: dict[tuple[int, int], list[Line]] = defaultdict(list)
    for one in found:
        grouped[one.hour].append(one)
    return tuple(
        Hour(day=day, hour=hour, leads=len(members), reply=reply(members, goal_ms))
        for (day, hour), members in sorted(grouped.items())
    )


def days(found: Iterable[Line], asked: Asked) -> tuple[Day, ...]:
    """Return each day of the period, also those on which no lead came."""
    grouped: dict[str, list[Line]] = defaultdict(list)
    for one in found:
        grouped[one.date].append(one)
    day = moment_of(asked.from_ms).astimezone(asked.zone).date()
    last = moment_of(asked.until_ms - 1).astimezone(asked.zone).date()
    dates = [
        (day + timedelta(days=number)).isoformat() for number in range((last - day).days + 1)
    ]
    return tuple(
        Day(date=date, leads=len(grouped[date]), reply=reply(grouped[date], asked.goal_ms))
        for date in dates
    )


def distribution(found: Iterable[Line]) -> tuple[Bar, ...]:
    """Return how many first replies took how long; the last bar has no end."""
    limits = (*BARS_S, None)
    ends_ms = [limit * 1000 for limit in BARS_S]
    took = [one.reply_ms for one in found if one.reply_ms is not None]
    counts = Counter([bisect_left(ends_ms, ms) for ms in took])
    return tuple(Bar(up_to_s=limit, count=counts[bar]) for bar, limit in enumerate(limits))
