"""Rows of tables that several commands show."""

from collections.abc import Iterable

from notifier.cli.columns import print_table
from notifier.cli.moments import short_iso, short_ms
from notifier.cli.opened import Opened
from notifier.conclude import State
from notifier.events import Event
from notifier.messages.facts import show
from notifier.records import Lead
from notifier.store.browse import Delivery


def show_leads(found: Iterable[Lead], desk: Opened) -> None:
    """Print leads, one a row."""
    columns = ("id", "changed", "status", "name", "contact", "assignee")
    print_table(columns, (_lead_row(one, desk) for one in found), unbroken=3)


def show_events(found: Iterable[Event], desk: Opened) -> None:
    """Print events, one a row."""
    rows = (
        (one.id, short_iso(one.data.observed_at, desk.zone, at=desk.at), event_words(one))
        for one in found
    )
    print_table(("id", "observed", "what"), rows, unbroken=2)


def show_deliveries(found: Iterable[Delivery], desk: Opened) -> None:
    """Print deliveries, one a row."""
    columns = ("id", "created", "state", "destination", "event", "rule", "why")
    print_table(columns, (_delivery_row(one, desk) for one in found), unbroken=3)


def event_words(event: Event) -> str:
    """Return an event on one line: its type, whom it is about, what changed."""
    about = event.lead.name or event.subject if event.lead else event.subject
    if event.data.reason is not None:
        return f"{event.type.value} {about}: {event.data.reason}"
    changes = (event.data.changes or {}).items()
    told = "; ".join(f"{name} {show(c.old)} → {show(c.new)}" for name, c in changes)
    return f"{event.type.value} {about}{told and ': '}{told}"


def _lead_row(lead: Lead, desk: Opened) -> tuple[object, ...]:
    assignee = lead.assignee.name or lead.assignee.id if lead.assignee else None
    changed = short_iso(lead.updated_at, desk.zone, at=desk.at)
    return lead.id, changed, lead.status, lead.name, lead.email or lead.phone, assignee


def _delivery_row(one: Delivery, desk: Opened) -> tuple[object, ...]:
    created = short_ms(one.created_ms, desk.zone, at=desk.at)
    waits = one.state == State.PENDING and one.due_ms > desk.now_ms
    due = f"due {short_ms(one.due_ms, desk.zone, at=desk.at)}" if waits else None
    why = "; ".join(filter(None, (due, one.reason, one.error)))
    return one.id, created, one.state, one.destination, one.type, one.rule, why
