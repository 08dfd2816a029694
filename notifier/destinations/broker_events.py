"""An event as brokers carry it, and the names it is sent under.

Source: CloudEvents 1.0.2, "Message", and its protocol bindings.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from notifier.core.event_types import EventType
from notifier.core.events import Event
from notifier.destinations.base import Part
from notifier.rules.unfit import UnfitError

STRUCTURED_TYPE = "application/cloudevents+json"
FIELD = re.compile(r"\{([^{}]*)\}")
FIELDS = ("type", "source", "bot_id", "lead_id")
NOTHING = "-"  # what an operations event has in the place of a lead's id
OF_SOURCES = (EventType.SOURCE_DOWN, EventType.SOURCE_UP)


class Mode(StrEnum):
    """Where an event's attributes stand: in the body beside its data, or in headers."""

    STRUCTURED = "structured"
    BINARY = "binary"


ModeName = Literal["structured", "binary"]
MODE_DESCRIPTION = "structured (the body a webhook gets) or binary (attributes as headers)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What a broker is given: ``attributes``, without prefix, are empty in structured mode."""

    content_type: str
    attributes: Mapping[str, str]
    body: bytes


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


def encoded(part: Part, mode: str) -> Encoded:
    """Return an event in a mode: the very bytes that are stored, or those of its data."""
    if mode == Mode.STRUCTURED:
        return Encoded(content_type=STRUCTURED_TYPE, attributes={}, body=part.body)
    event = part.event
    return Encoded(
        content_type=event.datacontenttype,
        attributes={
            "specversion": event.specversion,
            "id": event.id,
            "source": event.source,
            "type": event.type.value,
            "subject": event.subject,
            "time": event.time,
        },
        body=bytes(msgspec.json.decode(part.body, type=_Envelope).data),
    )


def check_name(template: str) -> str:
    """Return a template as it came; raises ``ValueError`` for a field that no event has."""
    for name in FIELD.findall(template):
        if name not in FIELDS:
            known = ", ".join(f"{{{one}}}" for one in FIELDS)
            raise UnfitError(f"{{{name}}}", f"is not a part of an event; there is {known}")
    if re.search(r"[{}]", FIELD.sub("", template)):
        raise ValueError("a brace stands alone; write {type}, for example")
    return template


def filled(template: str, event: Event, *, own: re.Pattern[str]) -> str:
    """Return the name an event is sent under.

    ``own`` is what the protocol takes for its own: in a source's name or an id it becomes
    ``_``. The dots of a type stay.
    """
    lead = event.lead
    values = {
        "source": lead.source if lead else event.subject if event.type in OF_SOURCES else "",
        "bot_id": lead.bot_id if lead else "",
        "lead_id": lead.id if lead else "",
    }
    safe = {name: own.sub("_", value) or NOTHING for name, value in values.items()}
    safe["type"] = event.type.value
    return FIELD.sub(lambda found: safe[found[1]], template)


def sample_name(template: str) -> str:
    """Return a name as a template makes them, to be judged before there is any event."""
    return FIELD.sub("x", template)
