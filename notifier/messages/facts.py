"""What a salesperson wants to know of a lead, as labelled values in reading order.

Values and labels are raw: whoever shows them escapes them for the medium.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from notifier.cleaning import comparable
from notifier.core.records import LEAD, LastMessage, Lead, Note, given_name
from notifier.core.rows import Json, instant, written
from notifier.messages.escape import one_line, safe_link, shorten

STATUS_EMOJI = {
    "OPEN": "🔵",
    "INPROGRESS": "🟡",
    "REVIEW": "🟣",
    "ONHOLD": "⏸️",
    "DEPENDANCY": "🔗",
    "CLOSED": "✅",
}
NOBODY = "nobody"
SPEAKERS = {"user": "Visitor", "bot": "Bot", "agent": "Agent"}
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))
OWN_LABELS = frozenset(
    {
        *("name", "status", "phone", "email", "place", "owner", "taken by", "tags", "note"),
        *("last message", "created", "link", "open the chat"),
        *("city", "country", "gender", "new note", "former note"),
    }
)

MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%*+/=_~-]{1,64}@[A-Za-z0-9.-]{1,253}")
PHONE_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{4,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A label and its value; ``link`` is a safe address to tap, where there is one."""

    label: str
    value: str
    link: str | None = None


def facts(lead: Lead, *, zone: tzinfo) -> list[Fact]:
    """Return every fact known of a lead; what is empty is left out."""
    when = moment(lead.created_at, zone)
    return [*details(lead), *([Fact(label="Created", value=when)] if when else [])]


def details(lead: Lead) -> list[Fact]:
    """Return the facts that only change when the lead does: no times, no presence."""
    return [fact for fact in _details(lead) if fact.value]


def contacts(lead: Lead) -> list[Fact]:
    """Return how a lead stands and how to reach it: the few facts of a short message."""
    return [fact for fact in (*_contacts(lead), _last_message(lead)) if fact.value]


def who(lead: Lead) -> str:
    """Return the lead's name, or the next best thing to call it by, on one line."""
    noun = "lead" if lead.type == LEAD else "chat"
    return shorten(one_line(lead.name or ""), 100) or f"unnamed {noun} {lead.id}"


def place(lead: Lead) -> str:
    """Return ``Pune, India``, or what is known of it."""
    return ", ".join(one_line(part) for part in (lead.city, lead.country) if part)


def owner(lead: Lead) -> str:
    """Return the name (else the id) of whoever has the lead, or ``nobody``."""
    return (lead.assignee.name or lead.assignee.id) if lead.assignee else NOBODY


def status(name: str | None) -> str:
    """Return a status with its emoji; a custom one appears as it is."""
    emoji = STATUS_EMOJI.get(name or "")
    return f"{emoji} {name}" if emoji else name or ""


def spoken(message: LastMessage | None) -> str:
    """Return ``Visitor: last words``."""
    if message is None or not message.text:
        return ""
    speaker = SPEAKERS.get(message.by or "", message.by)
    return f"{speaker}: {message.text}" if speaker else message.text


def show(value: Json) -> str:
    """Return a JSON value in words: nothing for nothing, lists and objects with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(text for entry in value if (text := show(entry)))
        case {"description": _} | {"title": _}:
            return note(Note(title=value.get("title"), description=value.get("description")))
        case dict():
            return ", ".join(f"{key}: {show(entry)}" for key, entry in value.items())
        case _:
            return written(value)


def note(one: Note) -> str:
    """Return ``title: description``, or the one that is there."""
    return ": ".join(part for part in (one.title, one.description) if part)


def attribute_label(key: str) -> str:
    """Return an attribute's name, told apart from a fact of ours that is called so."""
    return f"{key} (attribute)" if comparable(key) in OWN_LABELS else key


def moment(iso: str | None, zone: tzinfo) -> str:
    """Return an ISO time as ``2 Mar 2026, 10:00 IST`` in ``zone``, else an empty text."""
    at = instant(iso)
    if at is None:
        return ""
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M %Z}".rstrip()


def age(since: datetime, at: datetime) -> str:
    """Return how long ``since`` lies before ``at``, in words: ``3 hours``."""
    return duration((at - since).total_seconds())


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units: ``1 hour 30 minutes``."""
    rest, words = int(max(0, seconds)), []
    for unit, length in UNITS:
        count, rest = divmod(rest, length)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    if not words:
        return f"{rest} second{'' if rest == 1 else 's'}"
    return " ".join(words[:2])


def number(value: int) -> str:
    """Return a count with its thousands apart: ``85,715``."""
    return f"{value:,}"


def counted(value: int, one: str, many: str | None = None) -> str:
    """Return how many there are of something: ``1 lead``, ``85,715 leads``."""
    return f"{number(value)} {one if value == 1 else many or f'{one}s'}"


def mail_link(address: str | None) -> str | None:
    """Return a ``mailto:`` link for one plain address; anything else gets none."""
    return f"mailto:{address}" if address and MAIL_ADDRESS.fullmatch(address) else None


def phone_link(number: str | None) -> str | None:
    """Return a ``tel:`` link of digits for what looks like a phone number."""
    if not number or not PHONE_NUMBER.fullmatch(number):
        return None
    return "tel:" + re.sub(r"[^0-9+]", "", number)


def _details(lead: Lead) -> Iterator[Fact]:
    yield Fact(label="Name", value=one_line(given_name(lead) or ""))
    yield from _contacts(lead)
    yield Fact(label="Tags", value=", ".join(lead.tags))
    for key, value in lead.attributes.items():
        label, shown = attribute_label(key), show(value)
        yield Fact(label=label, value=shown, link=safe_link(shown))
    for one in lead.notes:
        yield Fact(label="Note", value=note(one))
    yield _last_message(lead)


def _contacts(lead: Lead) -> Iterator[Fact]:
    yield Fact(label="Status", value=status(lead.status))
    yield Fact(label="Phone", value=lead.phone or "", link=phone_link(lead.phone))
    yield Fact(label="Email", value=lead.email or "", link=mail_link(lead.email))
    yield Fact(label="Place", value=place(lead))
    yield Fact(label="Owner", value=owner(lead))
    yield Fact(label="Taken by", value=lead.taken_by.name if lead.taken_by else "")


def _last_message(lead: Lead) -> Fact:
    return Fact(label="Last message", value=spoken(lead.last_message))
