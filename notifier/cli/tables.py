"""Rows of tables that several commands show."""

from collections.abc import Iterable, Mapping

from notifier.cli.columns import print_table
from notifier.cli.moments import short_iso, short_ms
from notifier.cli.opened import Opened
from notifier.core.event_types import UPDATES
from notifier.core.events import Event
from notifier.core.outcome import UNRESOLVED, State
from notifier.core.records import Lead
from notifier.messages.builtin import builtin_text, change_lines
from notifier.messages.text import Medium
from notifier.store.deliveries import Delivery

NOBODY = "nobody is assigned, or the agent has no email or Slack id under `agents:`"


def show_leads(found: Iterable[Lead], db: Opened) -> None:
    """Print leads, one a row."""
    columns = ("id", "changed", "status", "name", "contact", "assignee", "taken by")
    print_table(columns, (_lead_row(one, db) for one in found), unbroken=3)


def show_events(found: Iterable[Event], db: Opened) -> None:
    """Print events, one a row."""
    rows = (
        (one.id, short_iso(one.data.observed_at, db.zone, at=db.at), event_words(one))
        for one in found
    )
    print_table(("id", "observed", "what"), rows, unbroken=2)


def show_deliveries(found: Iterable[Delivery], events: Iterable[Event], db: Opened) -> None:
    """Print deliveries of these events, one a row."""
    columns = ("id", "created", "state", "destination", "about", "event", "rule", "why")
    names = {event.id: lead_name(event) for event in events}
    print_table(columns, (_delivery_row(one, names, db) for one in found), unbroken=3)


def event_words(event: Event) -> str:
    """Return on one line what happened, as a message would say it, and the event's type."""
    title = builtin_text(event, Medium.PLAIN).title
    details = change_lines(event.data.changes or {}, {}) if event.type in UPDATES else ()
    return f"{'; '.join((title, *details))} ({event.type.value})"


def lead_name(event: Event) -> str:
    """Return what people call the lead of an event; its id where nobody knows a name."""
    return (event.lead.name if event.lead else None) or event.subject


def _lead_row(lead: Lead, db: Opened) -> tuple[object, ...]:
    assignee = lead.assignee.name or lead.assignee.id if lead.assignee else None
    changed = short_iso(lead.updated_at, db.zone, at=db.at)
    contact, taken_by = lead.email or lead.phone, lead.taken_by and lead.taken_by.name
    return lead.id, changed, lead.status, lead.name, contact, assignee, taken_by


def _delivery_row(one: Delivery, names: Mapping[str, str], db: Opened) -> tuple[object, ...]:
    created = short_ms(one.created_ms, db.zone, at=db.at)
    waits = one.state == State.PENDING and one.due_ms > db.now_ms
    due = f"due {short_ms(one.due_ms, db.zone, at=db.at)}" if waits else None
    reason = NOBODY if one.reason == UNRESOLVED else one.reason
    why = "; ".join(filter(None, (due, reason, one.error)))
    about = names.get(one.event_id) if one.lead else None
    return one.id, created, one.state, one.destination, about, one.type, one.rule, why
