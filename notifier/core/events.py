"""Changes → typed events with stable ids, in the CloudEvents envelope.

An id is a digest of what happened, so that a restored backup tells the same
event under the same id and a consumer can drop the repeat.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from notifier.core.diff import Change
from notifier.core.event_types import EventType
from notifier.core.people import ActTold, Taken
from notifier.core.records import LEAD, Lead
from notifier.core.rows import Json, in_key_order, iso_ms
from notifier.errors import DamagedError

ONE_FIELD = {"status": "status_changed", "last_message": "message"}


class Changed(msgspec.Struct, frozen=True, kw_only=True, rename={"old": "from", "new": "to"}):
    """One change in an event: ``{"from": …, "to": …}``."""

    old: Json
    new: Json


class Overdue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a lead is overdue: the rule, since when its condition holds, how long is allowed.

    ``step`` is the number of a step of ``escalate``, 0 for the first telling.
    """

    rule: str
    since: str
    for_s: int
    step: int = 0


class EventPayload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ``data`` of an event; what an event type has no use for is left out."""

    observed_at: str
    changes: dict[str, Changed] | None = None
    converted: bool = False
    overdue: Overdue | None = None
    act: ActTold | None = None
    reason: str | None = None
    remedy: str | None = None
    count: int | None = None
    report: Json | None = None
    lead: Lead | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; encoded, it is the envelope every consumer sees."""

    specversion: str = "1.0"
    id: str
    type: EventType
    source: str
    subject: str
    time: str
    datacontenttype: str = "application/json"
    data: EventPayload

    @property
    def lead(self) -> Lead | None:
        """The lead as it was when the event was observed; operations have none."""
        return self.data.lead


def encode(event: Event) -> bytes:
    """Return the envelope's JSON bytes: the ones stored, signed and sent."""
    return msgspec.json.encode(event)


def decode(body: bytes) -> Event:
    """Return the event in bytes written by :func:`encode`; raises :class:`DamagedError`."""
    try:
        return msgspec.json.decode(body, type=Event)
    except (msgspec.DecodeError, UnicodeError):
        raise DamagedError("a stored event is damaged") from None


def created(lead: Lead, *, at: datetime, converted: bool = False) -> Event:
    """Return the event of a lead first seen at ``at`` under its listing."""
    observed_at = iso_ms(at)
    event_type = _type(lead, "created")
    return Event(
        id=_event_id(event_type, lead.bot_id, lead.id, lead.created_at),
        type=event_type,
        source=f"/botpenguin/{lead.bot_id}",
        subject=lead.id,
        time=lead.created_at or observed_at,
        data=EventPayload(observed_at=observed_at, changes={}, converted=converted, lead=lead),
    )


def changed(lead: Lead, changes: Sequence[Change], *, at: datetime) -> list[Event]:
    """Return the events of these changes; ``lead`` is the state after them.

    The visitor's details share one ``updated`` event, every other field has one
    of its own. Order: status, assignee, details, message.
    """
    events = [
        _change_event(lead, _suffix(change), [change], at=at)
        for change in changes
        if change.field in ("status", "assignee")
    ]
    details = [c for c in changes if c.field not in ("status", "assignee", "last_message")]
    if details:
        events.append(_change_event(lead, "updated", details, at=at))
    events += [
        _change_event(lead, _suffix(change), [change], at=at)
        for change in changes
        if change.field == "last_message"
    ]
    return events


def overdue(
    lead: Lead,
    *,
    rule: str,
    since: datetime,
    due: datetime,
    for_s: int,
    at: datetime,
    step: int = 0,
) -> Event:
    """Return the event of a rule's condition that has held since ``since`` until ``due``."""
    event_type, time = _type(lead, "overdue"), iso_ms(due)
    # A step may come due together with a repetition, and is told beside it.
    parts = (event_type, rule, lead.bot_id, lead.id, time, *([step] if step else []))
    return Event(
        id=_event_id(*parts),
        type=event_type,
        source=f"/botpenguin/{lead.bot_id}",
        subject=lead.id,
        time=time,
        data=EventPayload(
            observed_at=iso_ms(at),
            changes={},
            overdue=Overdue(rule=rule, since=iso_ms(since), for_s=for_s, step=step),
            lead=lead,
        ),
    )


def acted(
    lead: Lead, suffix: str, act: ActTold, *, before: Taken | None, at: datetime
) -> Event:
    """Return the event of a person's act on ``lead``, which was ``taken_by`` ``before``."""
    event_type, time = _type(lead, suffix), iso_ms(at)
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(lead.taken_by)
    return Event(
        id=_event_id(lead.bot_id, lead.id, event_type, msgspec.to_builtins(act), time),
        type=event_type,
        source=f"/botpenguin/{lead.bot_id}",
        subject=lead.id,
        time=time,
        data=EventPayload(
            observed_at=time,
            changes={} if old == new else {"taken_by": Changed(old=old, new=new)},
            act=act,
            lead=lead,
        ),
    )


def operation(
    event_type: EventType,
    name: str,
    *,
    at: datetime,
    reason: str,
    remedy: str = "",
    count: int | None = None,
) -> Event:
    """Return an event about a source or destination called ``name``."""
    observed_at = iso_ms(at)
    return Event(
        id=_event_id(event_type, name, observed_at),
        type=event_type,
        source="/notifier",
        subject=name,
        time=observed_at,
        data=EventPayload(observed_at=observed_at, reason=reason, remedy=remedy, count=count),
    )


def report_ready(name: str, report: Json, *, due: datetime, at: datetime) -> Event:
    """Return the event of a report that was due at ``due``; its id says no more than that."""
    event_type, time = EventType.REPORT_READY, iso_ms(due)
    return Event(
        id=_event_id(event_type, name, time),
        type=event_type,
        source="/notifier",
        subject=name,
        time=time,
        data=EventPayload(observed_at=iso_ms(at), report=report),
    )


def numbered(event: Event, number: int) -> Event:
    """Return the event under the id it gets where ``number`` earlier ones have its own."""
    return msgspec.structs.replace(event, id=_event_id(event.id, number))


def _change_event(lead: Lead, suffix: str, changes: Sequence[Change], *, at: datetime) -> Event:
    event_type = _type(lead, suffix)
    observed_at = iso_ms(at)
    old = {change.field: change.old for change in changes}
    new = {change.field: change.new for change in changes}
    return Event(
        id=_event_id(lead.bot_id, lead.id, event_type, old, new, lead.updated_at),
        type=event_type,
        source=f"/botpenguin/{lead.bot_id}",
        subject=lead.id,
        time=lead.updated_at or observed_at,
        data=EventPayload(
            observed_at=observed_at,
            changes={c.field: Changed(old=c.old, new=c.new) for c in changes},
            lead=lead,
        ),
    )


def _suffix(change: Change) -> str:
    if change.field != "assignee":
        return ONE_FIELD[change.field]
    if change.old is None:
        return "assigned"
    return "unassigned" if change.new is None else "reassigned"


def _type(lead: Lead, suffix: str) -> EventType:
    return EventType(f"{'lead' if lead.type == LEAD else 'chat'}.{suffix}")


def _event_id(*parts: Json) -> str:
    digest = hashlib.sha256(in_key_order(parts)).hexdigest()
    return f"evt_{digest[:32]}"
