"""What a report says; written as JSON it is what ``report --json`` prints.

Times are ISO 8601 in UTC, durations whole seconds (``_s``), shares lie between 0 and 1.
"""

import msgspec

from notifier.core.rows import Json
from notifier.errors import DamagedError
from notifier.rules.reports import By


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, by nearest rank; ``None`` where there is nothing to measure.

    ``within_goal`` is the share of all that got there or have waited longer than the goal.
    """

    count: int
    median_s: int | None
    p90_s: int | None
    within_goal: float | None


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """From a lead's creation to its first owner, first reply by a person, taking, closing."""

    owner: Measure
    reply: Measure
    taken: Measure
    closed: Measure


class Period(
    msgspec.Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "to"}
):
    """The leads created from ``begins`` on and before ``ends``; ``waiting`` still do."""

    begins: str
    ends: str
    leads: int
    waiting: int
    measures: Measures


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The leads of one agent, source, …; ``key`` is ``None`` for those without one."""

    key: str | None
    name: str
    leads: int
    waiting: int
    measures: Measures


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """The leads that came in one hour of the week; ``day`` 0 is Monday."""

    day: int
    hour: int
    leads: int
    reply: Measure


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """The leads that came on one day of the calendar."""

    date: str
    leads: int
    reply: Measure


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """How many first replies took at most ``up_to_s``, and longer than the bar before."""

    up_to_s: int | None
    count: int


class StillWaiting(msgspec.Struct, frozen=True, kw_only=True):
    """A lead that nobody has answered or closed; ``waits_s`` counts like the measures."""

    lead: str
    bot_id: str
    source: str
    name: str | None
    status: str | None
    assignee: str | None
    created_at: str
    waits_s: int
    url: str | None


class Outage(
    msgspec.Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "to"}
):
    """When a source was down; what happened then was seen late. No ``ends``: it still is."""

    source: str
    begins: str
    ends: str | None


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Where figures are upper bounds, or leads are missing.

    ``silent_baseline`` are leads of the period that a baseline found: not counted.
    ``seen_late`` were first seen long after their creation. ``kept_since`` is set
    where the period, or the one before, reaches back beyond what is kept.
    """

    silent_baseline: int
    seen_late: int
    outages: tuple[Outage, ...]
    kept_since: str | None


class Report(
    msgspec.Struct, frozen=True, kw_only=True, rename={"begins": "from", "ends": "to"}
):
    """How fast the leads of a period were answered, as observed by ``at``.

    ``waiting`` has the oldest of the ``still_waiting``. ``outside_clock`` counts first
    replies outside the hours of the ``clock``, ``reassigned`` leads that changed hands
    before one, ``closed_unanswered`` those closed without one.
    """

    name: str | None
    begins: str
    ends: str
    at: str
    timezone: str
    goal_s: int
    clock: str | None
    by: By
    leads: int
    measures: Measures
    before: Period
    still_waiting: int
    waiting: tuple[StillWaiting, ...]
    closed_unanswered: int
    reassigned: int
    outside_clock: int | None
    converted: int
    forgotten: int
    bounds: Bounds
    groups: tuple[Group, ...]
    hours: tuple[Hour, ...]
    days: tuple[Day, ...]
    distribution: tuple[Bar, ...]


def encode(report: Report) -> bytes:
    """Return the report as JSON."""
    return msgspec.json.encode(report)


def as_json(report: Report) -> dict[str, Json]:
    """Return the report as JSON's own values."""
    found: dict[str, Json] = msgspec.to_builtins(report)
    return found


def from_json(value: Json) -> Report:
    """Return the report in what :func:`as_json` made; raises :class:`DamagedError`."""
    try:
        return msgspec.convert(value, Report)
    except msgspec.ValidationError:
        raise DamagedError("a stored report is damaged") from None
