"""Many messages as one: what a digest, or the summary of a burst, says."""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from typing import Protocol

from notifier.core.events import Event
from notifier.messages.escape import one_line, shorten, shorten_mrkdwn, slack
from notifier.messages.facts import moment
from notifier.messages.text import Medium, Text

MAX_LINE = 200
DIGEST_CHARS = 8_000


class Entry(Protocol):
    """One message of a digest, its text already escaped for the medium."""

    @property
    def event(self) -> Event:
        """What happened."""
        ...

    @property
    def text(self) -> Text:
        """What its rule says of it."""
        ...

    @property
    def rule(self) -> str:
        """The rule's name, which heads its group."""
        ...


def in_short(events: Sequence[Event]) -> str:
    """Return what happened in numbers, the commonest first: ``5 new leads, 3 closed``."""
    counts = Counter(_sort(event) for event in events)
    return ", ".join(
        f"{number} {one if number == 1 else many}"
        for (one, many), number in counts.most_common()
    )


def _sort(event: Event) -> tuple[str, str]:
    """Return the sort of thing that happened, for one and for many."""
    about, _, what = event.type.partition(".")
    match what:
        case "created":
            return f"new {about}", f"new {about}s"
        case "message":
            return "message", "messages"
        case "status_changed":
            change = (event.data.changes or {}).get("status")
            status = str(change.new).lower() if change and change.new else "without a status"
            return status, status
        case _:
            return what, what


def digest_text(
    parts: Sequence[Entry],
    headline: str,
    medium: Medium,
    limit: int = DIGEST_CHARS,
    *,
    zone: tzinfo | None = None,
) -> Text:
    """Return a list grouped by rule, each group counted, in the order of ``parts``.

    Without a ``headline`` it is what happened in numbers.
    The body has about ``limit`` characters; what does not fit is counted in its
    group (``… and 3 more``, the oldest). Times are shown where ``zone`` is given.
    """
    groups: dict[str, list[Entry]] = {}
    for part in parts:
        groups.setdefault(part.rule, []).append(part)
    share = limit // max(1, len(groups))
    body = "\n\n".join(
        _group(rule, group, medium, share, zone) for rule, group in groups.items()
    )
    count = f"{len(parts)} message{'' if len(parts) == 1 else 's'}"
    title = one_line(f"{headline or in_short([part.event for part in parts])} ({count})")
    if medium is Medium.SLACK:
        return Text(title=slack(title), body=shorten_mrkdwn(body, limit))
    return Text(title=title, body=shorten(body, limit))


def plain_text(parts: Sequence[Entry], headline: str | None, *, zone: tzinfo) -> Text:
    """Return a whole message as plain text; without a ``headline`` it is about one lead.

    What several events of a lead say stands below each other, the first as the title.
    """
    if headline is not None:
        return digest_text(parts, headline, Medium.PLAIN, zone=zone)
    first, *others = (part.text for part in parts)
    more = (line for one in others for line in ("", one.title, one.body))
    return Text(title=first.title, body="\n".join([first.body, *more]).strip())


def _group(
    rule: str, entries: Sequence[Entry], medium: Medium, limit: int, zone: tzinfo | None
) -> str:
    name = shorten(one_line(rule), MAX_LINE)
    shown = f"*{slack(name)}*" if medium is Medium.SLACK else name
    heading = f"{shown} ({len(entries)})"
    lines: list[str] = []
    room = limit - len(heading) - 20
    for entry in reversed(entries):
        line = _line(entry, medium, zone)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    left = len(entries) - len(lines)
    more = [f"… and {left} more"] if left else []
    return "\n".join([heading, *more, *reversed(lines)])


def _line(entry: Entry, medium: Medium, zone: tzinfo | None) -> str:
    short = shorten_mrkdwn if medium is Medium.SLACK else shorten
    when = moment(entry.event.data.observed_at, zone) if zone else ""
    return f"• {when + '  ' if when else ''}{short(entry.text.title, MAX_LINE)}"
