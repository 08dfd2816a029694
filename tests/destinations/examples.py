"""Messages as the dispatcher hands them to a destination."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from notifier.core.diff import Change
from notifier.core.events import Event, changed, created, encode
from notifier.core.records import Agent, LastMessage, Lead
from notifier.destinations.base import Message, Part
from notifier.messages.text import Text

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ASHA = Agent(id="631aa793bcfa100487d13d0d", name="Asha Rao", email="asha@example.com")
BINA = Agent(id="731aa793bcfa100487d13d0d", name="Bina Sen", email="bina@example.com")
AGENTS = {agent.id: agent for agent in (ASHA, BINA)}
LEAD = Lead(
    id="63d9ffa77a8d152facbe2f2f",
    uuid="7e88d192-9b20-4035-9b68-d4ac3d58a34f",
    source="website",
    bot_id="638d99eeee9e558f1247ae03",
    customer_id="5fed38e56fb193dcc6c933f5",
    name="Ravi Kumar",
    email="ravi@example.org",
    phone="+919876543210",
    city="Pune",
    country="India",
    tags=("demo",),
    attributes={"Budget": "5000"},
    status="OPEN",
    assignee=ASHA,
    last_message=LastMessage(at="2026-03-02T11:59:00.000Z", by="user", text="Hello?"),
    created_at="2026-03-02T11:58:00.000Z",
    updated_at="2026-03-02T11:59:00.000Z",
    url="https://app.example.com/inbox/7e88d192",
)


def lead(**fields: object) -> Lead:
    return msgspec.structs.replace(LEAD, **fields)


def new_lead(who: Lead = LEAD) -> Event:
    return created(who, at=NOON)


def change_of(who: Lead, field: str, old: object, new: object) -> Event:
    (event,) = changed(who, [Change(field=field, old=old, new=new)], at=NOON)
    return event


def part(event: Event, *, title: str = "New lead: Ravi Kumar", body: str = "") -> Part:
    return Part(
        event=event, body=encode(event), text=Text(title=title, body=body), rule="New lead"
    )


def message(
    *parts: Part,
    identity: str = "dlv_1",
    who: Lead | None = LEAD,
    digest: str | None = None,
    memory: Mapping[str, str] | None = None,
    accepted: frozenset[str] = frozenset(),
) -> Message:
    return Message(
        id=identity,
        parts=parts or (part(new_lead()),),
        digest=digest,
        lead=who,
        memory=memory or {},
        accepted=accepted,
        agents=AGENTS,
    )
