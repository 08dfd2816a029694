"""What a condition can see: one event, or one lead, by the names rules use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TypeAlias

from notifier.cleaning import visible
from notifier.core.event_types import EventType
from notifier.core.events import Event
from notifier.core.people import Taken
from notifier.core.records import Agent, LastMessage, Lead
from notifier.core.rows import Json, Scalar
from notifier.rules.comparisons import Seen

ATTRIBUTES = "attributes."
NOBODY = Lead(id="", type="", source="", bot_id="", customer_id="")
CHANGE_KEYS = ("from", "to")
NESTED = frozenset({"source", "attributes", "notes", "assignee", "taken", "last_message"})
PLAIN_FIELDS = tuple(name for name in Lead.__struct_fields__ if name not in NESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One event as conditions see it; ``lead`` is an empty one where it has none.

    ``old`` and ``new`` are the changed value of a ``status_changed``,
    ``assigned``, ``reassigned`` or ``unassigned``, else ``None``. ``seen`` holds, by
    their keys, the values that were looked at: many rules ask for the same.
    """

    lead: Lead
    source: str | None = None
    old: Json = None
    new: Json = None
    seen: dict[str, Seen] = field(default_factory=dict, repr=False, compare=False)

    def read(self, key: str, get: "Getter") -> Seen:
        """Return what ``get`` reads, and keep it in ``seen``."""
        found = self.seen[key] = Seen(get(self))
        return found


Getter: TypeAlias = Callable[[View], Json]
"""Returns a scalar, a sequence of scalars, or ``None`` for what is missing."""


def view_of_lead(lead: Lead) -> View:
    """Return what a condition sees of a lead without any event."""
    return View(lead=lead, source=lead.source)


def view_of_event(event: Event) -> View:
    """Return what a condition sees of an event."""
    lead = event.lead
    if lead is None:
        is_source = event.type in (EventType.SOURCE_DOWN, EventType.SOURCE_UP)
        return View(lead=NOBODY, source=event.subject if is_source else None)
    changes = event.data.changes or {}
    change = changes.get("status") or changes.get("assignee")
    if change is None:
        return View(lead=lead, source=lead.source)
    return View(lead=lead, source=lead.source, old=change.old, new=change.new)


def field_getters() -> dict[str, Getter]:
    """Return how to read each key a condition may name; attributes are read by name."""
    getters: dict[str, Getter] = {name: attrgetter(f"lead.{name}") for name in PLAIN_FIELDS}
    getters |= {f"assignee.{part}": _of_assignee(part) for part in Agent.__struct_fields__}
    getters |= {f"taken_by.{part}": _of_taken(part) for part in Taken.__struct_fields__}
    getters |= {
        f"last_message.{part}": _of_message(part) for part in LastMessage.__struct_fields__
    }
    getters["assignee"] = getters["assignee.id"]
    getters["taken_by"] = _of_taken("id")
    getters["last_message"] = _last_message
    getters["notes"] = _notes
    getters["attributes"] = lambda view: tuple(view.lead.attributes.values())
    getters["source"] = attrgetter("source")
    getters["from"] = attrgetter("old")
    getters["to"] = attrgetter("new")
    return getters


def attribute_getter(name: str) -> Getter:
    """Return how to read the attribute of exactly this name, letter case included."""
    key = visible(name)

    def get(view: View) -> Scalar:
        return view.lead.attributes.get(key)

    return get


def _of_assignee(part: str) -> Getter:
    get = attrgetter(part)
    return lambda view: get(view.lead.assignee) if view.lead.assignee else None


def _of_taken(part: str) -> Getter:
    get = attrgetter(part)
    return lambda view: get(view.lead.taken_by) if view.lead.taken_by else None


def _of_message(part: str) -> Getter:
    get = attrgetter(part)
    return lambda view: get(view.lead.last_message) if view.lead.last_message else None


def _last_message(view: View) -> Json:
    """Return the text; a message without one is still no missing message."""
    message = view.lead.last_message
    return message and (message.text or message.by or message.at)


def _notes(view: View) -> Json:
    return [part for note in view.lead.notes for part in (note.title, note.description) if part]
