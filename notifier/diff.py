"""(before, after) → changes: what differs between two readings of one lead."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from notifier.records import Agent, LastMessage, Lead, given_name
from notifier.rows import Json

DETAILS = ("email", "phone", "city", "country", "gender", "attributes", "notes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of :class:`Lead` with its whole old and new value as JSON.

    ``field`` is the key in the event's ``lead``; an assignee is its id.
    """

    field: str
    old: Json
    new: Json


def diff(before: Lead, after: Lead) -> list[Change]:
    """Return the changes somebody may want to hear of, in the order of ``Lead``.

    Presence, visit counts, pictures and timestamps are no change. A name that
    merely falls back to another field does not change with it.
    """
    return list(_changes(before, after))


def _changes(before: Lead, after: Lead) -> Iterable[Change]:
    if given_name(before) != given_name(after):
        yield Change(field="name", old=given_name(before), new=given_name(after))
    for field in DETAILS:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield Change(
                field=field, old=msgspec.to_builtins(old), new=msgspec.to_builtins(new)
            )
    if set(before.tags) != set(after.tags):
        yield Change(field="tags", old=list(before.tags), new=list(after.tags))
    if before.status != after.status:
        yield Change(field="status", old=before.status, new=after.status)
    if _id(before.assignee) != _id(after.assignee):
        yield Change(field="assignee", old=_id(before.assignee), new=_id(after.assignee))
    if _is_newer(before.last_message, after.last_message):
        yield Change(
            field="last_message",
            old=msgspec.to_builtins(before.last_message),
            new=msgspec.to_builtins(after.last_message),
        )


def _id(agent: Agent | None) -> str | None:
    return agent.id if agent else None


def _is_newer(before: LastMessage | None, after: LastMessage | None) -> bool:
    """A message is newer when its time is later, or it has none and its text differs."""
    if after is None or after == before:
        return False
    if before is None:
        return True
    if before.at and after.at:
        return after.at > before.at
    return (before.by, before.text) != (after.by, after.text)
