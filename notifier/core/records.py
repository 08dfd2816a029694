"""One row of the listing → :class:`Lead`: lenient towards the row, strict towards us.

The upstream promises nothing about a row, so any field may be missing, null,
empty or of a surprising type; only a row without a usable ``_id`` is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

import msgspec

from notifier.core.people import Taken
from notifier.core.rows import (
    Json,
    Row,
    Scalar,
    boolean,
    canonical,
    entries,
    integer,
    mapping,
    parse_time,
    record_id,
    text,
)

LEAD = "lead"
NON_LEAD = "non-lead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One bot whose listing is polled; ``inbox_url`` may name ``{uuid}`` and kin."""

    name: str
    bot_id: str
    customer_id: str
    inbox_url: str | None = None


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands behind an agent id; the listing itself gives only the id."""

    id: str
    name: str | None = None
    slack: str | None = None
    email: str | None = None


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's note on a lead."""

    id: str | None = None
    title: str | None = None
    description: str | None = None


class LastMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest message of a chat; ``by`` is ``bot``, ``user`` or ``agent``."""

    at: str | None = None
    by: str | None = None
    text: str | None = None


class Lead(msgspec.Struct, frozen=True, kw_only=True, rename={"taken": "taken_by"}):
    """A lead (or non-lead chat) as rules, templates and consumers see it.

    Times are ISO 8601 in UTC with milliseconds and ``Z``, so that their text
    sorts as they do; an unusable one is ``None``. All but ``taken_by``, which acts of
    people left, is read from a row; where nobody ever acted on a lead its JSON has no such key.
    """

    id: str
    uuid: str | None = None
    type: str = LEAD
    source: str
    bot_id: str
    customer_id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    city: str | None = None
    country: str | None = None
    gender: str | None = None
    picture: str | None = None
    tags: tuple[str, ...] = ()
    attributes: dict[str, Scalar] = {}
    notes: tuple[Note, ...] = ()
    status: str | None = None
    assignee: Agent | None = None
    taken: Taken | msgspec.UnsetType | None = msgspec.UNSET
    online: bool | None = None
    visits: int | None = None
    last_message: LastMessage | None = None
    last_seen_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    url: str | None = None

    @property
    def taken_by(self) -> Taken | None:
        """Who is on it, by an act of theirs."""
        return None if isinstance(self.taken, msgspec.UnsetType) else self.taken

    def with_taken(self, taken: Taken | None) -> "Lead":
        """Return the lead with who is on it."""
        return msgspec.structs.replace(self, taken=taken)


def parse(row: Row, *, listing_type: str, source: Source, agents: Mapping[str, Agent]) -> Lead:
    """Return the lead in a row of the ``listing_type`` listing; raises :class:`BadRecordError`.

    Source: the listing's page, "Chat / Lead Object", read leniently.
    """
    lead_id = record_id(row)
    uuid = text(row.get("uuid"))
    profile = mapping(row.get("profile"))
    details = mapping(profile.get("userDetails"))
    contact = mapping(details.get("contact"))
    email = text(contact.get("email"))
    phone = _phone(contact.get("phone"))
    return Lead(
        id=lead_id,
        uuid=uuid,
        type=listing_type,
        source=source.name,
        bot_id=source.bot_id,
        customer_id=source.customer_id,
        name=_given(details, row) or email or phone or uuid,
        email=email,
        phone=phone,
        city=text(details.get("city")),
        country=text(details.get("country")),
        gender=text(details.get("gender")),
        picture=text(details.get("picture")),
        tags=_tags(details.get("tags")),
        attributes=_attributes(details.get("attributes")),
        notes=tuple(_notes(profile.get("notes"))),
        status=text(row.get("status")),
        assignee=assignee(row.get("_agentAssigned"), agents),
        online=boolean(row.get("isOnline")),
        visits=integer(row.get("websiteVisits")),
        last_message=_last_message(row.get("lastMessage")),
        last_seen_at=parse_time(row.get("lastSeenAt")),
        created_at=parse_time(row.get("createdAt")),
        updated_at=parse_time(row.get("updatedAt")),
        url=inbox_link(source, chat_id=lead_id, uuid=uuid),
    )


def given_name(lead: Lead) -> str | None:
    """Return the name somebody gave, or ``None`` where ``name`` merely falls back."""
    return None if lead.name in (lead.email, lead.phone, lead.uuid) else lead.name


def inbox_link(source: Source, *, chat_id: str, uuid: str | None) -> str | None:
    """Return the link to a chat, or ``None`` where the template or a value is missing."""
    if not source.inbox_url:
        return None
    fields = {
        "chat_id": chat_id,
        "uuid": uuid,
        "bot_id": source.bot_id,
        "customer_id": source.customer_id,
    }
    link = source.inbox_url
    for name, value in fields.items():
        if f"{{{name}}}" in link:
            if not value:
                return None
            link = link.replace(f"{{{name}}}", quote(value, safe=""))
    return link


def _given(details: Row, row: Row) -> str | None:
    names = (details.get("name"), details.get("userProvidedName"), row.get("userProvidedName"))
    return next((name for name in map(text, names) if name), None)


def _phone(value: Json) -> str | None:
    contact = mapping(value)
    number = text(contact.get("number")) or text(value)
    if not number:
        return None
    prefix = (text(contact.get("prefix")) or "").lstrip("+")
    return f"+{prefix}{number}" if prefix and not number.startswith("+") else number


def assignee(value: Json, agents: Mapping[str, Agent]) -> Agent | None:
    """Return who has a lead, by a row's ``_agentAssigned``; ``agents`` has better names."""
    row = mapping(value)
    agent_id = text(row.get("_id")) or text(value)
    if not agent_id:
        return None
    return agents.get(agent_id) or Agent(id=agent_id, name=text(row.get("name")))


def _attributes(value: Json) -> dict[str, Scalar]:
    pairs = list(value.items()) if isinstance(value, Mapping) else []
    pairs += [(entry.get("key"), entry.get("value")) for entry in map(mapping, entries(value))]
    found = ((text(name), _scalar(entry)) for name, entry in pairs)
    return {key: scalar for key, scalar in found if key and scalar is not None}


def _scalar(value: Json) -> Scalar:
    if isinstance(value, list | Mapping):
        return text(canonical(value).decode()) if value else None
    return value if isinstance(value, bool | int | float) else text(value)


def _tags(value: Json) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for entry in entries(value) if (tag := text(entry))))


def _notes(value: Json) -> Iterator[Note]:
    for entry in map(mapping, entries(value)):
        title, description = text(entry.get("title")), text(entry.get("description"))
        if title or description:
            yield Note(id=text(entry.get("_id")), title=title, description=description)


def _last_message(value: Json) -> LastMessage | None:
    row = mapping(value)
    message = LastMessage(
        at=parse_time(row.get("at")), by=text(row.get("by")), text=text(row.get("text"))
    )
    return None if message == LastMessage() else message
