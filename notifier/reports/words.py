"""A report in words and cells, the same for terminal, mail and Slack."""

from collections.abc import Iterator
from datetime import UTC, date, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifier.core.rows import instant
from notifier.messages.escape import one_line, slack
from notifier.messages.facts import counted, number
from notifier.messages.text import Medium, Text
from notifier.reports.model import Group, Measure, Report, StillWaiting
from notifier.rules.reports import By

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
    return number(measure.count), *took, share(measure.within_goal)


def sentence(label: str, measure: Measure) -> str:
    """Return a measure in words, behind its label."""
    head = f"{label.capitalize()}: " if label else ""
    count, median, p90, within = measure_row(measure)
    if not measure.count:
        return f"{head}none"
    took = f"half within {median}, 90 % within {p90}"
    return f"{head}{count}, {took}, {within} within the goal"


def bar_labels(report: Report) -> Iterator[str]:
    """Yield what each bar of the distribution stands for: ``1m to 5m``."""
    limits = [bar.up_to_s for bar in report.distribution]
    for begin, end in zip([None, *limits], limits, strict=False):
        if end is None:
            yield f"over {long(begin)}"
        else:
            yield f"{long(begin)} to {long(end)}" if begin else f"up to {long(end)}"


def each(report: Report) -> Iterator[tuple[str, Measure, Measure]]:
    """Yield the measures with what they are called, and those of the period before.

    Who takes no leads here needs no line that says so.
    """
    for field, label in MEASURES.items():
        now: Measure = getattr(report.measures, field)
        before: Measure = getattr(report.before.measures, field)
        if field != "taken" or now.count or before.count:
            yield label, now, before


def group_row(group: Group) -> tuple[str, ...]:
    """Return a group's cells: its name, leads, waiting, and how fast they got a reply."""
    leads, waiting = number(group.leads), number(group.waiting)
    return group.name, leads, waiting, *measure_row(group.measures.reply)


def waiting_row(one: StillWaiting) -> tuple[str | None, ...]:
    """Return the cells of a lead that waits: how long, its id, who it is, its link."""
    return long(one.waits_s), one.lead, one.name, one.status, one.assignee, one.url


def zone_of(report: Report) -> tzinfo:
    """Return the zone of the report's days and hours; UTC for a host's own without a name."""
    try:
        return ZoneInfo(report.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def moment(iso: str, zone: tzinfo) -> str:
    """Return ``2 Mar 2026 09:00``."""
    at = instant(iso)
    return f"{day(at.astimezone(zone))} {at.astimezone(zone):%H:%M}" if at else NOTHING


def goal(report: Report) -> str:
    """Return the goal, as ``5m of office hours``."""
    hours = f" (hours of {report.clock})" if report.clock else ""
    return f"{long(report.goal_s)}{hours}"


def title(report: Report) -> str:
    """Return the report in one line: how many leads, and how fast half were answered."""
    name = f"{report.name}: " if report.name else ""
    leads = counted(report.leads, "lead")
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
        yield f"{counted(report.closed_unanswered, 'lead')} closed without an answer"
    if report.reassigned:
        yield f"{counted(report.reassigned, 'lead')} changed hands before an answer"
    if report.outside_clock:
        outside = counted(report.outside_clock, "lead")
        yield f"{outside} answered outside the hours of {report.clock}"
    if report.converted:
        yield f"{counted(report.converted, 'lead')} had been a chat before"
    if report.before.waiting:
        yield f"{counted(report.before.waiting, 'lead')} of the period before still waiting"


def notes(report: Report) -> Iterator[str]:
    """Yield where figures are upper bounds, or leads are missing."""
    bounds, zone = report.bounds, zone_of(report)
    yield (
        "Times are as seen by polling: a reply that another message overwrote"
        " between two polls is seen late"
    )
    if bounds.seen_late:
        late = counted(bounds.seen_late, "lead")
        yield f"{late} first seen more than 15m after creation: upper bounds"
    if bounds.silent_baseline:
        silent = counted(bounds.silent_baseline, "lead")
        yield f"{silent} of the silent baseline (there before the first look) not counted"
    for outage in bounds.outages:
        until = f"to {moment(outage.ends, zone)}" if outage.ends else "on"
        since = moment(outage.begins, zone)
        yield f"{outage.source} was down from {since} {until}: what happened then is seen late"
    if report.forgotten:
        yield f"{counted(report.forgotten, 'person', 'persons')} forgotten: counted, not named"
    if bounds.kept_since:
        yield (
            f"Nothing is kept from before {moment(bounds.kept_since, zone)}"
            " (NOTIFIER_RETENTION): older leads are missing"
        )


def message(report: Report, medium: Medium) -> Text:
    """Return the report in short, for any destination; it names no lead."""
    body = "\n".join(
        [
            f"{span(report)}, goal {goal(report)}",
            *(sentence(label, measure) for label, measure, _ in each(report)),
            *(
                [f"Still waiting: {number(report.still_waiting)}"]
                if report.still_waiting
                else ()
            ),
            *counts(report),
        ]
    )
    head = one_line(title(report))
    if medium is Medium.SLACK:
        return Text(title=slack(head), body=slack(body))
    return Text(title=head, body=body)


def day(at: date) -> str:
    """Return ``2 Mar 2026``."""
    return f"{at.day} {at:%b %Y}"
