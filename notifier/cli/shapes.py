"""What ``--json`` prints of what is stored: the names on this page are a promise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from notifier.core.destination_state import Health
from notifier.core.events import Event
from notifier.core.records import Lead
from notifier.core.rows import iso_of_ms
from notifier.monitoring.sees_within import sees_within
from notifier.store.deliveries import Delivery
from notifier.store.health import (
    DestinationHealth,
    Mute,
    MuteTarget,
    Overview,
    SourceHealth,
    muted_until_ms,
)
from notifier.store.leases import MemberHealth
from notifier.upstream.waiting import Wait

Shape: TypeAlias = Mapping[str, Any]
"""One JSON object."""

MUTED = "muted"
CONFIGURED = ("customer_id", "url")  # the configuration knows these, the database does not


def delivery_shape(one: Delivery) -> Shape:
    """Return a delivery; its ``id`` is what ``retry`` takes."""
    return {
        "id": one.id,
        "event_id": one.event_id,
        "type": one.type,
        "lead": one.lead,
        "rule": one.rule,
        "destination": one.destination,
        "state": one.state,
        "reason": one.reason,
        "attempts": one.attempts,
        "due_at": iso_of_ms(one.due_ms),
        "created_at": iso_of_ms(one.created_ms),
        "delivered_at": time_shape(one.delivered_ms),
        "error": one.error,
    }


def lead_shape(lead: Lead) -> dict[str, Any]:
    """Return a lead as events carry it, less what only the configuration knows."""
    shape: dict[str, Any] = msgspec.to_builtins(lead)
    return {name: value for name, value in shape.items() if name not in CONFIGURED}


LEAD_COLUMNS = (
    *("id", "type", "source", "name", "email", "phone", "city", "country", "status"),
    *("owner", "taken_by", "tags", "visits", "last_message", "created_at", "updated_at"),
)
DELIVERY_COLUMNS = (
    *("id", "event_id", "type", "lead", "rule", "destination", "state", "reason"),
    *("attempts", "due_at", "created_at", "delivered_at", "error"),
)
EVENT_COLUMNS = ("id", "observed_at", "type", "source", "subject", "name", "what")


def lead_cells(lead: Lead) -> Shape:
    """Return a lead as a spreadsheet has it: one value a column."""
    owner, message = lead.assignee, lead.last_message
    return lead_shape(lead) | {
        "owner": (owner.name or owner.id) if owner else None,
        "taken_by": lead.taken_by.name if lead.taken_by else None,
        "tags": "; ".join(lead.tags),
        "last_message": message.text if message else None,
    }


def event_cells(event: Event, what: str) -> Shape:
    """Return an event as a spreadsheet has it; ``what`` says in words what happened."""
    return {
        "id": event.id,
        "observed_at": event.data.observed_at,
        "type": event.type.value,
        "source": event.source,
        "subject": event.subject,
        "name": event.lead.name if event.lead else None,
        "what": what,
    }


def overview_shape(overview: Overview, *, at: datetime, interval_ms: int) -> Shape:
    """Return how everything stands; ``interval_ms`` is between polls."""
    return {
        "sources": [
            source_shape(one, at=at, interval_ms=interval_ms) for one in overview.sources
        ],
        "queue": {
            "pending": overview.pending,
            "dead": overview.dead,
            "oldest_due_at": time_shape(overview.next_due_ms),
        },
        "destinations": [
            destination_shape(one, overview.mutes) for one in overview.destinations
        ],
        "mutes": [mute_shape(one) for one in overview.mutes],
        "timers": overview.timers,
        "members": [member_shape(one) for one in overview.members],
        "rules": {"loaded_at": overview.rules_loaded_at, "refused": overview.rules_refused},
    }


def source_shape(one: SourceHealth, *, at: datetime, interval_ms: int) -> Shape:
    """Return a source; ``lag_s`` is the age of the last good poll."""
    lag_s = None if one.last_success_ms is None else at.timestamp() - one.last_success_ms / 1000
    return {
        "name": one.name,
        "state": one.state,
        "reason": one.reason,
        "last_success": time_shape(one.last_success_ms),
        "lag_s": None if lag_s is None else max(round(lag_s, 1), 0.0),
        "order": order(one),
        "leads": one.leads,
        "pages": sum(listing.pages for listing in one.listings),
        "quarantined": one.quarantined,
        "sees_within_s": wait_shape(sees_within(one, interval_ms=interval_ms)),
    }


def wait_shape(wait: Wait | None) -> Shape | None:
    """Return within how many seconds changes are seen, where that is known."""
    if wait is None:
        return None
    return {"median": round(wait.median_ms / 1000, 1), "p90": round(wait.p90_ms / 1000, 1)}


def order(one: SourceHealth) -> str:
    """Return the order of the source's listings, each by its type where they differ."""
    orders = {listing.type: listing.order for listing in one.listings}
    if len(set(orders.values())) <= 1:
        return next(iter(orders.values()), "unknown")
    return ", ".join(f"{listing_type}: {name}" for listing_type, name in orders.items())


def destination_shape(one: DestinationHealth, mutes: tuple[Mute, ...]) -> Shape:
    """Return a destination; trouble is told before a mute."""
    until_ms = muted_until_ms(mutes, MuteTarget.DESTINATION).get(one.name)
    state = one.state
    is_muted = until_ms is not None and state.health is Health.UP
    until = f"until {iso_of_ms(until_ms)}" if until_ms and is_muted else None
    return {
        "name": one.name,
        "type": one.kind,
        "state": MUTED if is_muted else state.health.value,
        "reason": until or state.reason or None,
        "pending": one.pending,
        "dead": one.dead,
    }


def member_shape(one: MemberHealth) -> Shape:
    """Return a member: since when it works, and on what."""
    return {
        "name": one.name,
        "since": iso_of_ms(one.since_ms),
        "sources": list(one.sources),
        "lanes": list(one.lanes),
    }


def mute_shape(one: Mute) -> Shape:
    """Return what is muted, and until when."""
    return {"kind": one.target, "name": one.name, "until": iso_of_ms(one.until_ms)}


def time_shape(at_ms: int | None) -> str | None:
    """Return a moment as ISO 8601 with milliseconds and ``Z``."""
    return None if at_ms is None else iso_of_ms(at_ms)
