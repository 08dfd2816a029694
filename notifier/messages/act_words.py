"""What a person did about a lead, in words."""

from notifier.core.events import Event
from notifier.core.people import ActTold
from notifier.core.rows import instant, mapping
from notifier.messages.facts import duration


def act_words(event: Event, act: ActTold) -> str:
    """Return the words that follow a lead's name: ``is taken by Asha Rao``. They are raw."""
    if event.type.endswith(".taken"):
        return f"is taken by {act.by.name}"
    if event.type.endswith(".released"):
        return f"is released by {act.by.name}: nobody is on it any more{_former(event, act)}"
    begun, until = instant(event.time), instant(act.until)
    length = f" for {duration((until - begun).total_seconds())}" if begun and until else ""
    return f"is snoozed{length} by {act.by.name}"


def _former(event: Event, act: ActTold) -> str:
    """Return who was on it, where somebody else released it."""
    change = (event.data.changes or {}).get("taken_by")
    was = mapping(change.old).get("name") if change else None
    return f" (was {was})" if was and was != act.by.name else ""
