"""Everything that was read → one report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from notifier.core.records import Lead
from notifier.core.responses import Response
from notifier.core.rows import iso_of_ms
from notifier.reports import figures
from notifier.reports.asked import Asked
from notifier.reports.figures import SEEN_LATE_MS, Line
from notifier.reports.hours import AllHours
from notifier.reports.model import Bounds, Outage, Period, Report, StillWaiting

SHOWN = 50
"""How many of those still waiting a report names."""

LeadKey = tuple[str, str]
"""Bot and lead id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What else the database told: who waits, ``turns``, and what is kept.

    ``leads`` are those of :func:`waiting`, as far as they are readable; ``turns`` are the
    sources' troubles (type, source, moment in milliseconds), oldest first; ``kept_ms`` is
    since when anything is kept.
    """

    leads: Mapping[LeadKey, Lead] = field(default_factory=dict)
    turns: Sequence[tuple[str, str, int]] = ()
    kept_ms: int = 0


def waiting(found: Iterable[Response], asked: Asked) -> list[Response]:
    """Return the leads that a report names: those that still wait, the oldest first."""
    some = [one for one in found if one.is_waiting and one.created_ms >= asked.from_ms]
    return sorted(some, key=attrgetter("created_ms"))[:SHOWN]


def report(found: Sequence[Response], asked: Asked, seen: Seen) -> Report:
    """Return the report on leads created since the period before began, in any order."""
    hours = asked.hours()
    lines = figures.lines(found, hours, asked)
    present = [one for one in lines if one.response.created_ms >= asked.from_ms]
    still = sorted(
        [one for one in present if one.response.is_waiting],
        key=attrgetter("response.created_ms"),
    )
    return Report(
        name=asked.name,
        begins=iso_of_ms(asked.from_ms),
        ends=iso_of_ms(asked.until_ms),
        at=iso_of_ms(asked.now_ms),
        timezone=str(asked.zone),
        goal_s=asked.goal_ms // 1000,
        clock=asked.clock.name if asked.clock else None,
        by=asked.by,
        leads=len(present),
        measures=figures.measures(present, asked.goal_ms),
        before=_before(lines, asked),
        still_waiting=len(still),
        waiting=tuple(_still_waiting(one, asked, seen) for one in still[:SHOWN]),
        closed_unanswered=sum(_is_closed_unanswered(one.response) for one in present),
        reassigned=sum(one.response.reassigned > 0 for one in present),
        outside_clock=_outside(present, hours) if asked.clock else None,
        converted=sum(bool(one.response.converted) for one in present),
        forgotten=sum(bool(one.response.forgotten) for one in present),
        bounds=_bounds(found, asked, seen),
        groups=figures.groups(present, asked),
        hours=figures.hours(present, asked.goal_ms),
        days=figures.days(present, asked),
        distribution=figures.distribution(present),
    )


def lead_key(one: Response) -> LeadKey:
    """Return the bot and the lead's id."""
    return one.bot_id, one.lead_id


def _before(lines: Iterable[Line], asked: Asked) -> Period:
    """Return the figures of the period before."""
    earlier = [one for one in lines if one.response.created_ms < asked.from_ms]
    return figures.period(earlier, asked, from_ms=asked.before_ms, until_ms=asked.from_ms)


def _still_waiting(one: Line, asked: Asked, seen: Seen) -> StillWaiting:
    response = one.response
    lead = seen.leads.get(lead_key(response))
    agent = lead.assignee if lead else None
    name = agent.name if agent else None
    if agent and agent.id == response.agent:
        name = name or response.agent_name
    return StillWaiting(
        lead=response.lead_id,
        bot_id=response.bot_id,
        source=asked.sources.get(response.bot_id, response.bot_id),
        name=lead.name if lead else None,
        status=response.status,
        assignee=(name or agent.id) if agent else None,
        created_at=iso_of_ms(response.created_ms),
        waits_s=(one.waited_ms + 500) // 1000,
        url=lead.url if lead else None,
    )


def _is_closed_unanswered(one: Response) -> bool:
    if one.closed_ms is None:
        return False
    return one.replied_ms is None or one.replied_ms > one.closed_ms


def _outside(found: Iterable[Line], hours: AllHours) -> int:
    """Return how many first replies came while the clock stood still."""
    replies = (one.response.replied_ms for one in found)
    return sum(not hours.is_open(ms) for ms in replies if ms is not None)


def _bounds(found: Iterable[Response], asked: Asked, seen: Seen) -> Bounds:
    of_now = [one for one in found if one.created_ms >= asked.from_ms]
    return Bounds(
        silent_baseline=sum(bool(one.silent) for one in of_now),
        seen_late=sum(map(_is_seen_late, of_now)),
        outages=tuple(_outages(asked, seen.turns)),
        kept_since=iso_of_ms(seen.kept_ms) if seen.kept_ms > asked.before_ms else None,
    )


def _is_seen_late(one: Response) -> bool:
    late = one.seen_ms - one.created_ms > SEEN_LATE_MS
    return late and not one.silent and not one.converted


def _outages(asked: Asked, turns: Iterable[tuple[str, str, int]]) -> Iterable[Outage]:
    """Yield the times in which a source was down and leads of the period might change."""
    down: dict[str, int] = {}
    over: list[tuple[int, int | None, str]] = []
    for event_type, source, at_ms in turns:
        if event_type == "source.down":
            down.setdefault(source, at_ms)
        elif source in down:
            over.append((down.pop(source), at_ms, source))
    over += [(since_ms, None, source) for source, since_ms in down.items()]
    for begin, end, source in sorted(over, key=lambda one: one[0]):
        if end is None or end > asked.from_ms:
            ends = None if end is None else iso_of_ms(end)
            yield Outage(source=source, begins=iso_of_ms(begin), ends=ends)
