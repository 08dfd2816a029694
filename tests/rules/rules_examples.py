"""Rules files as texts, and the leads and events they are tried on."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from notifier.configuration.destinations import kinds
from notifier.core.diff import Change
from notifier.core.event_types import EventType
from notifier.core.events import Event, Overdue, changed, created, operation
from notifier.core.records import Agent, LastMessage, Lead, Note
from notifier.errors import ConfigError
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules

MONDAY_10 = datetime(2026, 3, 2, 10, tzinfo=UTC)
ASHA = Agent(id="631aa793bcfa100487d13d0d", name="Asha Rao", slack="U024BE7LH")
SECRET = "whsec_" + "c2VjcmV0" * 5
FULL = """
sources:
  website:
    bot_id: 638d99eeee9e558f1247ae03
    customer_id: 5fed38e56fb193dcc6c933f5
    token: ${BOTPENGUIN_TOKEN}
    types: [lead, non-lead]
    inbox_url: "https://app.example.com/inbox/{uuid}"
agents:
  631aa793bcfa100487d13d0d: {name: Asha Rao, slack: U024BE7LH, email: asha@example.com}
windows:
  office: {days: mon-fri, hours: "09:00-18:00", timezone: Asia/Kolkata}
destinations:
  sales: {type: slack, channel: "#sales-leads"}
  crm: {type: webhook, url: "https://crm.example.com/hook", secret: "${CRM_SECRET}"}
rules:
  - name: New lead
    when: lead.created
    if: {country: India, tags: {none_of: [test]}}
    send: [sales, crm]
    settle: 1m
    mention: here
    broadcast: true
  - name: Overdue
    if: {status: OPEN, assignee: null}
    for: 15m
    repeat: 1h
    clock: office
    send: sales
    only: office
    outside: digest
    digest: 2h
    enabled: false
"""
SCREEN = """
destinations:
  screen: {type: console}
  second: {type: console}
"""
LEAD = Lead(
    id="63d9ffa77a8d152facbe2f2f",
    source="website",
    bot_id="638d99eeee9e558f1247ae03",
    customer_id="5fed38e56fb193dcc6c933f5",
    name="Ravi Kumar",
    email="ravi@example.org",
    phone="+919876543210",
    country="India",
    tags=("Demo", "vip"),
    attributes={
        "Budget": "5000",
        "Newsletter": True,
        "Seats": 7,
        "Code": "007",
        "a.b": "dotted",
    },
    notes=(Note(title="Call back", description="after lunch"),),
    status="OPEN",
    assignee=ASHA,
    online=False,
    visits=3,
    last_message=LastMessage(
        at="2026-03-02T09:59:00.000Z", by="user", text="What is the PRICE?"
    ),
    created_at="2026-03-02T09:58:00.000Z",
)


def load(
    text: str, *, secrets: Mapping[str, str] | None = None, lenient: bool = False
) -> Ruleset:
    return load_rules(
        [("rules.yaml", text)],
        lookup=(secrets or {}).get,
        kinds=kinds(),
        lenient_secrets=lenient,
    )


def faults(*texts: str, secrets: Mapping[str, str] | None = None) -> list[str]:
    """Return the faults of files called a.yaml, b.yaml, …"""
    files = [(f"{'abc'[number]}.yaml", text) for number, text in enumerate(texts)]
    try:
        load_rules(files, lookup=(secrets or {}).get, kinds=kinds())
    except ConfigError as error:
        return [str(fault) for fault in error.faults]
    return []


def warnings(text: str) -> list[str]:
    return [str(fault) for fault in load(text).warnings]


def lead(**fields: object) -> Lead:
    return msgspec.structs.replace(LEAD, **fields)


def new_lead(who: Lead = LEAD) -> Event:
    return created(who, at=MONDAY_10)


def change(field: str, old: object, new: object, who: Lead = LEAD) -> Event:
    (event,) = changed(who, [Change(field=field, old=old, new=new)], at=MONDAY_10)
    return event


def status_change(old: str, new: str) -> Event:
    return change("status", old, new, lead(status=new))


def news(kind: EventType, name: str) -> Event:
    return operation(kind, name, at=MONDAY_10, reason="it broke")


def overdue(rule: str, who: Lead = LEAD) -> Event:
    event = new_lead(who)
    told = Overdue(rule=rule, since="2026-03-02T09:58:00.000Z", for_s=900)
    return msgspec.structs.replace(
        event,
        type=EventType.LEAD_OVERDUE,
        data=msgspec.structs.replace(event.data, overdue=told),
    )
