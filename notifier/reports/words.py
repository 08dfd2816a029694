"""A report in words and cells, the same for terminal, mail and Slack."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from notifier.core.rows import instant
from notifier.reports.model import By, Group, Measure, Measures, Report, StillWaiting

NOTHING = "–"
UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
MEASURES = {
    "owner": "first owner",
    "reply": "first reply",
    "taken": "taken",
    "closed": "closed",
}
GROUPED = {
    By.AGENT: "By agent",
    By.SOURCE: "By source",
    By.STATUS: "By status",
    By.COUNTRY: "By country",
    By.HOUR: "By hour of the week",
}


def long(seconds: int | None) -> str:
    """Return a duration to the second, as ``2h 5m 9s``."""
    if seconds is None:
        return NOTHING
    left, words = seconds, []
    for size, unit in UNITS:
        count, left = divmod(left, size)
        words += [f"{count}{unit}"] if count else []
    return " ".join(words) or "0s"


def share(part: float | None) -> str:
    """Return a share as ``83 %``: all and none are said only of all and none."""
    if part is None:
        return NOTHING
    percent = round(part * 100)
    if percent == 100 and part < 1:
        return "> 99 %"
    return "< 1 %" if percent == 0 < part else f"{percent} %"


def measure_row(measure: Measure) -> tuple[str, str, str, str]:
    """Return a measure's cells: how many, the median, 90 %, the share within the goal."""
    took = long(measure.median_s), long(measure.p90_s)
    return str(measure.count), *took, share(measure.within_goal)


def each(measures: Measures) -> Iterator[tuple[str, Measure]]:
    """Yield the four measures with what they are called."""
    for field, label in MEASURES.items():
        yield label, getattr(measures, field)


def group_row(group: Group) -> tuple[str, ...]:
    """Return a group's cells: its name, leads, waiting, and how fast they got a reply."""
    counted = str(group.leads), str(group.waiting)
    return group.name, *counted, *measure_row(group.measures.reply)


def waiting_row(one: StillWaiting) -> tuple[str | None, ...]:
    """Return the cells of a lead that waits: how long, its id, who it is, its link."""
    return long(one.waits_s), one.lead, one.name, one.status, one.assignee, one.url


def zone_of(report: Report) -> tzinfo:
    """Return the zone of the report's days and hours."""
    return ZoneInfo(report.timezone)


def moment(iso: str, zone: tzinfo) -> str:
    """Return ``2 Mar 2026 09:00``."""
    at = instant(iso)
    return f"{_day(at.astimezone(zone))} {at.astimezone(zone):%H:%M}" if at else NOTHING


def goal(report: Report) -> str:
    """Return the goal, as ``5m of office hours``."""
    counted = f" (hours of {report.clock})" if report.clock else ""
    return f"{long(report.goal_s)}{counted}"


def title(report: Report) -> str:
    """Return the report in one line: how many leads, and how fast half were answered."""
    name = f"{report.name}: " if report.name else ""
    leads = _counted(report.leads, "lead")
    reply = report.measures.reply
    if not report.leads:
        return f"{name}no leads"
    if not reply.count:
        return f"{name}{leads}, none answered yet"
    within = f", {share(reply.within_goal)} within {long(report.goal_s)}"
    return f"{name}{leads}, half of the answers within {long(reply.median_s)}{within}"


def span(report: Report) -> str:
    """Return the period: ``2 Mar 2026 09:00 to 9 Mar 2026 09:00``."""
    zone = zone_of(report)
    return f"{moment(report.begins, zone)} to {moment(report.ends, zone)}"


def counts(report: Report) -> Iterator[str]:
    """Yield what else is to be told of the leads, each a sentence without its dot."""
    if report.closed_unanswered:
        yield f"{_counted(report.closed_unanswered, 'lead')} closed without an answer"
    if report.reassigned:
        yield f"{_counted(report.reassigned, 'lead')} changed hands before an answer"
    if report.outside_clock:
        outside = _counted(report.outside_clock, "lead")
        yield f"{outside} answered outside the hours of {report.clock}"
    if report.converted:
        yield f"{_counted(report.converted, 'lead')} had been a chat before"
    if report.before.waiting:
        yield f"{_counted(report.before.waiting, 'lead')} of the period before still waiting"


def notes(report: Report) -> Iterator[str]:
    """Yield where figures are upper bounds, or leads are missing."""
    bounds, zone = report.bounds, zone_of(report)
    yield (
        "Times are as seen by polling: a reply that another message overwrote"
        " between two polls is seen late"
    )
    if bounds.seen_late:
        late = _counted(bounds.seen_late, "lead")
        yield f"{late} first seen more than 15m after creation: upper bounds"
    if bounds.silent_baseline:
        silent = _counted(bounds.silent_baseline, "lead")
        yield f"{silent} of the silent baseline (there before the first look) not counted"
    for outage in bounds.outages:
        until = f"to {moment(outage.ends, zone)}" if outage.ends else "on"
        since = moment(outage.begins, zone)
        yield f"{outage.source} was down from {since} {until}: what happened then is seen late"
    if report.forgotten:
        yield f"{_counted(report.forgotten, 'person', 'persons')} forgotten: counted, not named"
    if bounds.kept_since:
        yield (
            f"Nothing is kept from before {moment(bounds.kept_since, zone)}"
            " (NOTIFIER_RETENTION): older leads are missing"
        )


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
