"""Made-up events of every type: what templates are checked against and `send` sends."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from notifier.core import events
from notifier.core.diff import Change, diff
from notifier.core.event_types import ACTS, OPERATIONS, EventType
from notifier.core.events import Event, Overdue
from notifier.core.people import ActTold, Person, Taken, Through
from notifier.core.records import LEAD, NON_LEAD, Agent, LastMessage, Lead, Note

AT = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
ASHA = Agent(id="631aa793bcfa100487d13d0d", name="Asha Rao", email="asha@example.com")
RAVI = Agent(id="631aa793bcfa100487d13d0e", name="Ravi Iyer", email="ravi@example.com")

FULL = Lead(
    id="63d9ffa77a8d152facbe2f2f",
    uuid="7e88d192-9b20-4035-9b68-d4ac3d58a34f",
    source="sample",
    bot_id="638d99eeee9e558f1247ae03",
    customer_id="5fed38e56fb193dcc6c933f5",
    name="Meera Nair",
    email="meera@example.com",
    phone="+919876543210",
    city="Pune",
    country="India",
    gender="FEMALE",
    picture="https://example.com/meera.jpg",
    tags=("demo",),
    attributes={"Budget": "5000"},
    notes=(Note(id="63db5c4abcbc3be2e95b20ae", title="Call", description="After six"),),
    status="INPROGRESS",
    assignee=ASHA,
    online=True,
    visits=3,
    last_message=LastMessage(
        at="2026-03-02T04:29:30.000Z", by="user", text="What does it cost?"
    ),
    last_seen_at="2026-03-02T04:29:30.000Z",
    created_at="2026-03-02T04:15:00.000Z",
    updated_at="2026-03-02T04:29:50.000Z",
    url="https://example.com/inbox/7e88d192-9b20-4035-9b68-d4ac3d58a34f",
)
BARE = Lead(
    id="63d9ffa77a8d152facbe2f30",
    source="sample",
    bot_id="638d99eeee9e558f1247ae03",
    customer_id="5fed38e56fb193dcc6c933f5",
)
BEFORE: Mapping[str, Mapping[str, object]] = {
    "status_changed": {"status": "OPEN"},
    "assigned": {"assignee": None},
    "reassigned": {"assignee": RAVI},
    "unassigned": {"assignee": ASHA},
    "updated": {"phone": None, "tags": ()},
    "message": {"last_message": None},
}
UNCHANGED = {
    "status_changed": "status",
    "assigned": "assignee",
    "reassigned": "assignee",
    "unassigned": "assignee",
    "updated": "city",
    "message": "last_message",
}


def sample_event(event_type: EventType) -> Event:
    """Return a full event of this type about a lead that does not exist."""
    return _event(event_type, FULL, reason="an example, not a fault", remedy="nothing to do")


def samples(event_type: EventType) -> tuple[Event, Event]:
    """Return the full event of a type and one that is empty wherever it may be."""
    return sample_event(event_type), _event(event_type, BARE, reason="", remedy="")


def _event(event_type: EventType, model: Lead, *, reason: str, remedy: str) -> Event:
    room, _, suffix = event_type.partition(".")
    if event_type in OPERATIONS:
        return events.operation(
            event_type, "sample", at=AT, reason=reason, remedy=remedy, count=3
        )
    lead = msgspec.structs.replace(model, type=LEAD if room == "lead" else NON_LEAD)
    if suffix == "created":
        return events.created(lead, at=AT)
    if suffix == "overdue":
        return _overdue(event_type, lead)
    if event_type in ACTS:
        return _acted(lead, suffix)
    if suffix == "unassigned":
        lead = msgspec.structs.replace(lead, assignee=None)
    before = msgspec.structs.replace(lead, **BEFORE[suffix]) if model is FULL else lead
    return _changed(event_type, lead, diff(before, lead))


def _changed(event_type: EventType, lead: Lead, changes: list[Change]) -> Event:
    # An almost empty lead has nothing that could differ: its change is from nothing to nothing.
    nothing = Change(field=UNCHANGED[event_type.partition(".")[2]], old=None, new=None)
    event = events.changed(lead, changes or [nothing], at=AT)[0]
    return msgspec.structs.replace(event, type=event_type)


def _acted(lead: Lead, suffix: str) -> Event:
    by = Person(agent=RAVI.id, name="Ravi Iyer")
    taken = Taken(agent=RAVI.id, name="Ravi Iyer", at="2026-03-02T04:25:00.000Z")
    until = "2026-03-02T05:30:00.000Z" if suffix == "snoozed" else None
    told = ActTold(by=by, through=Through.WEB, until=until)
    after = lead.with_taken(taken if suffix == "taken" else None)
    before = taken if suffix == "released" else None
    return events.acted(after, suffix, told, before=before, at=AT)


def _overdue(event_type: EventType, lead: Lead) -> Event:
    event = events.created(lead, at=AT)
    overdue = Overdue(
        rule="Nobody has picked it up", since="2026-03-02T04:15:00.000Z", for_s=900
    )
    payload = msgspec.structs.replace(event.data, overdue=overdue)
    return msgspec.structs.replace(event, type=event_type, data=payload)
