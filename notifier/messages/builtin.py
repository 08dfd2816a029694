"""The built-in words for every event: what one likes to read where no rule says better.

A title names who and what in one line. The body holds what changed; for
``PLAIN`` it ends with how to reach the lead, which Slack's card shows anyway.
"""

from collections.abc import Iterator, Mapping

from notifier.core.diff import differs
from notifier.core.event_types import EventType
from notifier.core.events import Changed, Event
from notifier.core.records import Agent, Lead, Note
from notifier.core.rows import Json, canonical, mapping, seen
from notifier.messages.act_words import act_words
from notifier.messages.escape import ELLIPSIS, one_line, plain, shorten, slack
from notifier.messages.facts import (
    NOBODY,
    attribute_label,
    contacts,
    duration,
    note,
    owner,
    place,
    show,
    status,
    who,
)
from notifier.messages.text import Medium, Text

MAX_QUOTE = 1_000
MAX_VALUE = 500
SAME_CHARS = 40
NOTHING = "—"
TOLD_BY_TITLE = {
    "created": "Place",
    "status_changed": "Status",
    "message": "Last message",
    "taken": "Taken by",
}

Agents = Mapping[str, Agent]


def builtin_text(event: Event, medium: Medium, agents: Agents | None = None) -> Text:
    """Return the built-in message of any event, escaped for ``medium``.

    ``agents`` gives earlier owners their names; without it they appear as ids.
    """
    if event.lead is None:
        return _dressed(_operation_title(event), _operation_lines(event), medium)
    lead, known = event.lead, agents or {}
    lines = list(_lead_lines(event, lead, known))
    if medium is Medium.PLAIN:
        lines += ["", *_contact_lines(event, lead)] if lines else _contact_lines(event, lead)
    return _dressed(_lead_title(event, lead, known), lines, medium)


def change_lines(changes: Mapping[str, Changed], agents: Agents) -> Iterator[str]:
    """Yield ``Label: old → new`` for each change, raw; only what differs inside a field."""
    for field, change in changes.items():
        match field:
            case "attributes":
                yield from _attribute_lines(mapping(change.old), mapping(change.new))
            case "notes":
                yield from _note_lines(change.old or [], change.new or [])
            case "assignee":
                yield _arrow("Owner", _agent(change.old, agents), _agent(change.new, agents))
            case "status":
                yield _arrow("Status", status(change.old), status(change.new))
            case "last_message":
                continue
            case _:
                yield _arrow(field.capitalize(), *_told(change.old, change.new))


def _dressed(title: str, lines: list[str], medium: Medium) -> Text:
    body = "\n".join(lines)
    if medium is Medium.SLACK:
        return Text(title=slack(one_line(title)), body=_quoted(slack(body)))
    return Text(title=one_line(title), body=plain(body))


def _quoted(body: str) -> str:
    # The visitor's words are quoted with "> "; escaping has just made it "&gt; ".
    return "\n".join(
        "> " + line.removeprefix("&gt; ") if line.startswith("&gt; ") else line
        for line in body.split("\n")
    )


def _lead_title(event: Event, lead: Lead, agents: Agents) -> str:
    name, suffix = who(lead), event.type.partition(".")[2]
    match suffix:
        case "created":
            return _created_title(event, lead)
        case "status_changed":
            change = _change(event, "status")
            return f"{name}: {change.old or NOTHING} → {change.new or NOTHING}"
        case "assigned" | "reassigned" | "unassigned":
            return f"{name} {_owner_words(event, lead, agents)}"
        case "updated":
            return f"{name}: {_and(list(event.data.changes or {}))} changed"
        case "message":
            return _message_title(lead)
    act = event.data.act
    return f"{name} {act_words(event, act)}" if act else f"{_overdue_rule(event)}: {name}"


def _created_title(event: Event, lead: Lead) -> str:
    where = place(lead)
    subject = f"{who(lead)}, {where}" if where else who(lead)
    if event.data.converted:
        return f"New lead (was a chat): {subject}"
    noun = "lead" if event.type is EventType.LEAD_CREATED else "chat"
    return f"New {noun}: {subject}"


def _owner_words(event: Event, lead: Lead, agents: Agents) -> str:
    former = _agent(_change(event, "assignee").old, agents)
    if event.type.endswith(".assigned"):
        return f"is assigned to {owner(lead)}"
    if event.type.endswith(".reassigned"):
        return f"goes from {former} to {owner(lead)}"
    return f"has no owner any more (was {former})"


def _message_title(lead: Lead) -> str:
    by = lead.last_message.by if lead.last_message else None
    if by in (None, "user"):
        return f"New message from {who(lead)}"
    return f"New message to {who(lead)} (from {'the bot' if by == 'bot' else f'an {by}'})"


def _lead_lines(event: Event, lead: Lead, agents: Agents) -> Iterator[str]:
    suffix = event.type.partition(".")[2]
    if suffix == "message" and lead.last_message and lead.last_message.text:
        quote = shorten(plain(lead.last_message.text).strip(), MAX_QUOTE)
        yield from (f"> {line}" for line in quote.split("\n"))
    if suffix == "updated":
        yield from change_lines(event.data.changes or {}, agents)
    if event.data.overdue:
        yield f"This has been so for {duration(event.data.overdue.for_s)}."


def _contact_lines(event: Event, lead: Lead) -> Iterator[str]:
    told = TOLD_BY_TITLE.get(event.type.partition(".")[2])
    for fact in contacts(lead):
        if fact.label != told:
            yield f"{fact.label}: {_value(fact.value)}"
    if lead.url:
        yield f"Link: {lead.url}"


def _attribute_lines(old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if differs(was, now):
            yield _arrow(attribute_label(key), *_told(was, now))


def _note_lines(old: list[Json], new: list[Json]) -> Iterator[str]:
    before, after = seen(old), seen(new)
    yield from (f"New note: {_note(entry)}" for entry in new if seen(entry) not in before)
    yield from (f"Former note: {_note(entry)}" for entry in old if seen(entry) not in after)


def _note(entry: Json) -> str:
    row = mapping(entry)
    return _value(note(Note(title=row.get("title"), description=row.get("description"))))


def _operation_title(event: Event) -> str:
    name = event.subject
    match event.type:
        case EventType.SOURCE_DOWN:
            return f"Source {name} is down: no new leads arrive from it"
        case EventType.SOURCE_UP:
            return f"Source {name} works again"
        case EventType.DESTINATION_DOWN:
            return f"Destination {name} is down: its messages wait"
        case EventType.DESTINATION_UP:
            return f"Destination {name} works again"
        case EventType.REPORT_READY:
            return f"Report {name}"
    count = event.data.count or 1
    return f"{count} message{'s' if count > 1 else ''} to {name} could not be delivered"


def _operation_lines(event: Event) -> list[str]:
    said = {"Reason": event.data.reason, "What to do": event.data.remedy}
    return [f"{label}: {_value(text)}" for label, text in said.items() if text]


def _change(event: Event, field: str) -> Changed:
    return (event.data.changes or {}).get(field) or Changed(old=None, new=None)


def _agent(agent_id: Json, agents: Agents) -> str:
    if not agent_id:
        return NOBODY
    known = agents.get(str(agent_id))
    return (known.name if known else None) or str(agent_id)


def _overdue_rule(event: Event) -> str:
    return event.data.overdue.rule if event.data.overdue else "Overdue"


def _told(old: Json, new: Json) -> tuple[str, str]:
    """Return two values in words: as JSON where the words are the same, as of true and yes."""
    words = show(old), show(new)
    if words[0] == words[1]:
        return canonical(old).decode(), canonical(new).decode()
    return words


def _arrow(label: str, old: str, new: str) -> str:
    was, now = one_line(old), one_line(new)
    if _value(was) == _value(now):
        was, now = _apart(was, now)
    return f"{one_line(label)}: {_value(was) or NOTHING} → {_value(now) or NOTHING}"


def _apart(old: str, new: str) -> tuple[str, str]:
    """Return two long texts from shortly before where they begin to differ."""
    pairs = enumerate(zip(old, new, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))
    start = max(at - SAME_CHARS, 0)
    return ELLIPSIS + old[start:], ELLIPSIS + new[start:]


def _value(text: str) -> str:
    return shorten(one_line(text), MAX_VALUE)


def _and(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
