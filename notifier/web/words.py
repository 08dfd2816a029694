"""What happened, in the words that messages have for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from notifier.core.event_types import UPDATES
from notifier.core.events import Event, decode
from notifier.core.records import Agent
from notifier.errors import DamagedError
from notifier.messages.builtin import builtin_text, change_lines
from notifier.messages.text import Medium
from notifier.store.pages_day import Happened
from notifier.web.renderer import url

UNREADABLE = "an event that cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An event for a list: ``path`` leads to its lead, where it has one."""

    observed_ms: int
    type: str
    what: str
    path: Markup | None


def line(one: Happened, agents: Mapping[str, Agent]) -> Line:
    """Return an event as a line; what is damaged says so."""
    try:
        event = decode(one.body)
    except DamagedError:
        return Line(observed_ms=one.observed_ms, type="", what=UNREADABLE, path=None)
    path = url("leads", one.bot_id, event.subject) if one.bot_id and event.lead else None
    what = event_words(event, agents)
    return Line(observed_ms=one.observed_ms, type=event.type.value, what=what, path=path)


def event_words(event: Event, agents: Mapping[str, Agent]) -> str:
    """Return on one line what happened."""
    title = builtin_text(event, Medium.PLAIN, agents).title
    changes = event.data.changes or {}
    details = change_lines(changes, agents) if event.type in UPDATES else ()
    return "; ".join((title, *details))
