"""Which types of events there are, and what some of them have in common."""

from enum import StrEnum


class EventType(StrEnum):
    """Every type an event can have; the part before the dot says what it is about."""

    LEAD_CREATED = "lead.created"
    LEAD_STATUS_CHANGED = "lead.status_changed"
    LEAD_ASSIGNED = "lead.assigned"
    LEAD_REASSIGNED = "lead.reassigned"
    LEAD_UNASSIGNED = "lead.unassigned"
    LEAD_UPDATED = "lead.updated"
    LEAD_MESSAGE = "lead.message"
    LEAD_OVERDUE = "lead.overdue"
    LEAD_TAKEN = "lead.taken"
    LEAD_RELEASED = "lead.released"
    LEAD_SNOOZED = "lead.snoozed"
    CHAT_CREATED = "chat.created"
    CHAT_STATUS_CHANGED = "chat.status_changed"
    CHAT_ASSIGNED = "chat.assigned"
    CHAT_REASSIGNED = "chat.reassigned"
    CHAT_UNASSIGNED = "chat.unassigned"
    CHAT_UPDATED = "chat.updated"
    CHAT_MESSAGE = "chat.message"
    CHAT_OVERDUE = "chat.overdue"
    CHAT_TAKEN = "chat.taken"
    CHAT_RELEASED = "chat.released"
    CHAT_SNOOZED = "chat.snoozed"
    SOURCE_DOWN = "source.down"
    SOURCE_UP = "source.up"
    DESTINATION_DOWN = "destination.down"
    DESTINATION_UP = "destination.up"
    DELIVERY_DEAD = "delivery.dead"
    REPORT_READY = "report.ready"


RULE_TYPES = tuple(one for one in EventType if one is not EventType.REPORT_READY)
"""Those that rules can listen to: reports go where ``reports:`` sends them."""

OPERATIONS = frozenset(
    {
        EventType.SOURCE_DOWN,
        EventType.SOURCE_UP,
        EventType.DESTINATION_DOWN,
        EventType.DESTINATION_UP,
        EventType.DELIVERY_DEAD,
    }
)


UPDATES = frozenset({EventType.LEAD_UPDATED, EventType.CHAT_UPDATED})
OVERDUE = frozenset({EventType.LEAD_OVERDUE, EventType.CHAT_OVERDUE})
ACTS = frozenset(
    kind for kind in EventType if kind.endswith((".taken", ".released", ".snoozed"))
)
"""What people did about a lead."""
