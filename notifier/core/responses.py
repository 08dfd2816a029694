"""What one event tells of how its lead is answered, and what is known of a lead's answers.

Moments are milliseconds since 1970 by the upstream's word (``_ms``).
"""

import msgspec

from notifier.core.events import Event
from notifier.core.records import Lead
from notifier.core.rows import instant, ms_of

CLOSED = "closed"
BY_A_PERSON = "agent"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one event tells. ``created_ms`` is set where it announces the lead.

    The moments after ``assignee`` are those that this very event brings.
    """

    bot_id: str
    lead_id: str
    type: str
    seen_ms: int
    created_ms: int | None = None
    converted: bool = False
    country: str | None = None
    status: str | None = None
    assignee: str | None = None
    assignee_name: str | None = None
    owned_ms: int | None = None
    replied_ms: int | None = None
    taken_ms: int | None = None
    closed_ms: int | None = None
    reassigned: bool = False


class Response(msgspec.Struct, frozen=True, gc=False):
    """How one lead was answered, as far as it was observed.

    ``lead_id`` of a forgotten person is a digest of it. ``agent`` is whose lead it is:
    who had it when it was answered, else who has it, else who had it first; the name
    is the row's own, which most have not. ``reassigned`` counts how often it changed hands
    before the first reply. ``silent``: a baseline found it, so that nothing of its past
    was observed. ``listed`` is told of a lead without a reply: the last full walk found it.
    """

    bot_id: str
    lead_id: str
    created_ms: int
    seen_ms: int
    silent: bool = False
    converted: bool = False
    forgotten: bool = False
    country: str | None = None
    status: str | None = None
    agent: str | None = None
    agent_name: str | None = None
    owned_ms: int | None = None
    replied_ms: int | None = None
    taken_ms: int | None = None
    closed_ms: int | None = None
    reassigned: int = 0
    listed: bool = True

    @property
    def is_waiting(self) -> bool:
        """Whether nobody has answered, closed or deleted it."""
        return bool(self.replied_ms is None and self.listed) and not is_closed(self.status)


def is_closed(status: str | None) -> bool:
    """Say whether a status means that nobody works on the lead any more."""
    return (status or "").casefold() == CLOSED


def step(event: Event) -> Step | None:
    """Return what an event tells, ``None`` where that is nothing."""
    lead = event.lead
    subject, _, suffix = event.type.partition(".")
    if lead is None or subject not in ("lead", "chat"):
        return None
    if suffix == "created":
        return first_step(lead, seen_ms=_ms(event.data.observed_at), event=event)
    at_ms = _ms(event.time, event.data.observed_at)
    changes = event.data.changes or {}
    told: dict[str, int | bool] = {}
    match suffix:
        case "assigned" | "reassigned":
            told = {"owned_ms": at_ms, "reassigned": suffix == "reassigned"}
        case "message" if is_by_a_person(lead):
            told = {"replied_ms": _replied_ms(lead) or at_ms}
        case "status_changed" if is_closed(lead.status):
            told = {"closed_ms": at_ms}
        case "taken":
            told = {"taken_ms": at_ms}
        case "status_changed" | "unassigned":
            pass
        case "updated" if "country" in changes:
            pass
        case _:
            return None
    return _step(lead, seen_ms=_ms(event.data.observed_at), **told)


def first_step(lead: Lead, *, seen_ms: int, event: Event | None = None) -> Step:
    """Return what the first sight of a lead tells; without an ``event`` it is silent.

    What it has already happened at its last change at the latest.
    """
    changed_ms = _ms(lead.updated_at) or seen_ms
    return _step(
        lead,
        seen_ms=seen_ms,
        created_ms=_ms(lead.created_at) or seen_ms,
        converted=event is not None and event.data.converted,
        owned_ms=changed_ms if lead.assignee else None,
        replied_ms=(_replied_ms(lead) or changed_ms) if is_by_a_person(lead) else None,
        closed_ms=changed_ms if is_closed(lead.status) else None,
    )


def is_by_a_person(lead: Lead) -> bool:
    """Say whether the newest message was written by a person of the team."""
    return bool(lead.last_message and (lead.last_message.by or "").casefold() == BY_A_PERSON)


def _step(lead: Lead, **told: int | bool | None) -> Step:
    agent = lead.assignee
    return Step(
        bot_id=lead.bot_id,
        lead_id=lead.id,
        type=lead.type,
        country=lead.country,
        status=lead.status,
        assignee=agent.id if agent else None,
        assignee_name=agent.name if agent else None,
        **told,  # type: ignore[arg-type] # each by its name
    )


def _replied_ms(lead: Lead) -> int:
    return _ms(lead.last_message.at) if lead.last_message else 0


def _ms(*texts: str | None) -> int:
    """Return the first usable moment, 0 for none."""
    return next((ms_of(moment) for text in texts if (moment := instant(text))), 0)
