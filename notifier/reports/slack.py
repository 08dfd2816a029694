"""A report in Block Kit, on one screen: the figures, the groups, who waits."""

from collections.abc import Iterator

from notifier.core.rows import Json
from notifier.messages.escape import one_line, safe_link, shorten_mrkdwn, slack
from notifier.messages.facts import number
from notifier.reports import words
from notifier.reports.model import Measure, Report, StillWaiting

Block = dict[str, Json]

MAX_GROUPS, MAX_WAITING, MAX_NAME, MAX_LINK = 8, 5, 60, 500
MAX_SECTION = 2_900  # Slack's own limit is 3,000


def blocks(report: Report, mention: str) -> list[Block]:
    """Return the message; ``mention`` is mrkdwn."""
    title = f"{mention} *{slack(one_line(words.title(report)))}*".strip()
    about = slack(f"{words.span(report)}, goal {words.goal(report)}")
    made = [_section(f"{title}\n{about}"), _measures(report)]
    made += [
        _section("\n".join(lines)) for lines in (_groups(report), _waiting(report)) if lines
    ]
    return [*made, _context(report)]


def _measures(report: Report) -> Block:
    fields = [_mrkdwn(_field(*one)) for one in words.each(report)]
    return {"type": "section", "fields": fields}


def _field(label: str, now: Measure, before: Measure) -> str:
    count, median, p90, within = words.measure_row(now)
    _, median_before, _, within_before = words.measure_row(before)
    return (
        f"*{label.capitalize()}* ({count})\n"
        f"half within {median} (before: {median_before})\n"
        f"90 % within {p90}\n"
        f"{slack(within)} in goal (before: {slack(within_before)})"
    )


def _groups(report: Report) -> list[str]:
    if not report.groups:
        return []
    lines = [f"*{words.GROUPED[report.by]}*"]
    for one in report.groups[:MAX_GROUPS]:
        name, leads, waiting, count, median, _, within = words.group_row(one)
        waits = f", {waiting} waiting" if one.waiting else ""
        figures = f"{count} of {leads} replied, half within {median}, {slack(within)} in goal"
        lines.append(f"• {slack(one_line(name), MAX_NAME)}: {figures}{waits}")
    return [*lines, *_more(len(report.groups) - MAX_GROUPS)]


def _waiting(report: Report) -> list[str]:
    if not report.still_waiting:
        return []
    lines = [f"*Still waiting: {number(report.still_waiting)}, the oldest first*"]
    lines += [_waits(one) for one in report.waiting[:MAX_WAITING]]
    return [*lines, *_more(report.still_waiting - MAX_WAITING)]


def _waits(one: StillWaiting) -> str:
    name, link = slack(one_line(one.name or one.lead), MAX_NAME), safe_link(one.url)
    if link and len(link) <= MAX_LINK and "|" not in name:
        name = f"<{slack(link)}|{name}>"
    owner = slack(one_line(one.assignee or "no owner"), MAX_NAME)
    return f"• {words.long(one.waits_s)}: {name}, {owner}"


def _more(left: int) -> Iterator[str]:
    if left > 0:
        yield f"and {number(left)} more"


def _context(report: Report) -> Block:
    told = " · ".join([*words.counts(report), *words.notes(report)])
    return {"type": "context", "elements": [_mrkdwn(shorten_mrkdwn(slack(told), 1_900))]}


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(shorten_mrkdwn(text, MAX_SECTION))}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
