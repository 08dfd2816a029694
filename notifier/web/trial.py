"""A lead and perhaps a change as somebody typed them → what the rules would send. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import orjson

from notifier.core.events import encode
from notifier.core.mutes import Mutes
from notifier.core.people import Taken
from notifier.core.records import Lead, Source, parse
from notifier.core.rows import BadRecordError, iso_ms, ms_of
from notifier.messages.views import nearest
from notifier.plan import Planned, PlannedEvent, plan
from notifier.rehearsal.row import Fields, row_of
from notifier.rehearsal.script import changed, filled
from notifier.rules.model import Ruleset
from notifier.web.why import Reason, others
from notifier.web.words import event_words

FIELDS = tuple(field.encode_name for field in msgspec.structs.fields(Lead))
EXAMPLE = {"name": "Asha", "country": "India", "status": "OPEN"}
NOWHERE = Source(name="default", bot_id="bot", customer_id="customer")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialDelivery:
    """One delivery that would be made: ``title`` and ``body`` as its receiver gets them."""

    rule: str
    destination: str
    when: str
    due_ms: int
    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEvent:
    """An event that would come of it, whom it is told, and why not by other rules."""

    what: str
    type: str
    deliveries: Sequence[TrialDelivery]
    others: Sequence[Reason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What comes of a trial: events now, and clocks that begin to run."""

    events: Sequence[TrialEvent]
    clocks: Sequence[tuple[str, int]]


def try_rules(lead: str, change: str, rules: Ruleset, *, at: datetime, mutes: Mutes) -> Outcome:
    """Return what would be sent; raises ``ValueError`` for what is no lead or no change."""
    now = iso_ms(at)
    fields = filled(_fields(lead, "the lead"), source=NOWHERE, at=now)
    before, after = None, fields
    if change.strip():
        before = _lead(fields, rules)
        after = changed(fields, _fields(change, "the change"), at=now)
    decided = plan(before, _lead(after, rules), rules, at=at, mutes=mutes)
    return Outcome(
        events=[_event(one, rules) for one in decided.told],
        clocks=[(one.rule, ms_of(one.due)) for one in decided.timers if one.due is not None],
    )


def written(lead: Lead) -> str:
    """Return a lead as somebody would type it, without what is empty."""
    shape: dict[str, Any] = msgspec.to_builtins(lead)
    kept = {name: value for name, value in shape.items() if value not in (None, [], {})}
    return _indented(msgspec.json.encode(kept))


def _fields(text: str, what: str) -> dict[str, Any]:
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"{what} is no JSON: {error.msg}, line {error.lineno} column {error.colno}"
        ) from None
    if not isinstance(given, dict):  # a fault of whoever typed, not of the program
        raise ValueError(  # noqa: TRY004
            f'{what} is no JSON object: write {{"status": "OPEN"}} and the like'
        )
    for name in given:
        if name not in FIELDS:
            raise ValueError(f"`{name}` is no lead field{nearest(name, FIELDS)}")
    return {**given, **{name: SHAPES[name](given[name]) for name in SHAPES if name in given}}


def _lead(fields: Fields, rules: Ruleset) -> Lead:
    """Return the lead that the listing would show with these fields."""
    source = Source(
        name=str(fields["source"]),
        bot_id=str(fields["bot_id"]),
        customer_id=str(fields["customer_id"]),
    )
    listing_type = str(fields["type"])
    try:
        lead = parse(
            row_of(fields), listing_type=listing_type, source=source, agents=rules.agents
        )
        taken = _taken(fields.get("taken_by"))
        return lead.with_taken(taken) if taken else lead
    except BadRecordError as error:
        raise ValueError(str(error)) from None


def _taken(value: Any) -> Taken | None:
    """Return who is on it: an agent's id, or an object as events have it."""
    if not value:
        return None
    given = value if isinstance(value, dict) else {"agent": str(value)}
    agent, slack = (str(given[key]) if given.get(key) else None for key in ("agent", "slack"))
    name = str(given.get("name") or agent or slack or "somebody")
    return Taken(agent=agent, name=name, slack=slack, at=str(given.get("at") or ""))


def _by_id(value: Any) -> Any:
    return value if isinstance(value, dict) else {"id": str(value)} if value else None


def _by_text(value: Any) -> Any:
    if isinstance(value, dict):
        return value
    return {"text": str(value), "by": "user"} if value else None


def _titled(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value] if value else []
    return [one if isinstance(one, dict) else {"title": str(one)} for one in entries]


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value] if value else []


def _mapping(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


SHAPES = {
    "assignee": _by_id,
    "last_message": _by_text,
    "notes": _titled,
    "tags": _listed,
    "attributes": _mapping,
}


def _event(one: PlannedEvent, rules: Ruleset) -> TrialEvent:
    return TrialEvent(
        what=event_words(one.event, rules.agents),
        type=one.event.type.value,
        deliveries=[_delivery(planned, one) for planned in one.deliveries],
        others=others(rules, one.event),
    )


def _delivery(planned: Planned, one: PlannedEvent) -> TrialDelivery:
    text = planned.text
    return TrialDelivery(
        rule=planned.rule,
        destination=planned.destination,
        when=planned.reason or planned.held or "now",
        due_ms=ms_of(planned.due),
        title=text.title if text else "the event as JSON",
        body=text.body if text else _indented(encode(one.event)),
    )


def _indented(body: bytes) -> str:
    return msgspec.json.format(body, indent=2).decode()
