"""(before, after) → changes: what differs between two readings of one lead."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from notifier.core.records import Agent, Lead, given_name
from notifier.core.rows import Json, canonical, seen

DETAILS = ("email", "phone", "city", "country", "gender", "attributes", "notes", "tags")
SETS = ("notes", "tags")
LATEST = "9999"  # sorts behind every time: what has none is not known to be late


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


def differs(old: Json, new: Json) -> bool:
    """Say whether a person would see that two values are not the same."""
    return bool(old != new and seen(old) != seen(new))


def _changes(before: Lead, after: Lead) -> Iterable[Change]:
    if differs(given_name(before), given_name(after)):
        yield Change(field="name", old=given_name(before), new=given_name(after))
    for field in (*DETAILS, "status"):
        old, new = getattr(before, field), getattr(after, field)
        if old == new:
            continue
        old, new = _as_json(old), _as_json(new)
        if _as_set(old) != _as_set(new) if field in SETS else differs(old, new):
            yield Change(field=field, old=old, new=new)
    if _id(before.assignee) != _id(after.assignee):
        yield Change(field="assignee", old=_id(before.assignee), new=_id(after.assignee))
    if _is_newer(before, after):
        yield Change(
            field="last_message",
            old=msgspec.to_builtins(before.last_message),
            new=msgspec.to_builtins(after.last_message),
        )


def _id(agent: Agent | None) -> str | None:
    return agent.id if agent else None


def _as_json(value: Json) -> Json:
    plain = msgspec.to_builtins(value)
    return list(plain) if isinstance(plain, tuple) else plain


def _as_set(entries: Json) -> set[bytes]:
    return {canonical(entry) for entry in seen(entries)}


def _is_newer(before: Lead, after: Lead) -> bool:
    """A message is newer when its time is later; of one time, with another speaker or words.

    Of words alone that differ the newer are those of the newer row.
    """
    old, new = before.last_message, after.last_message
    if new is None:
        return False
    if old is None:
        return True
    if old.at and new.at and old.at != new.at:
        return new.at > old.at
    if new.by and differs(old.by, new.by):
        return True
    is_late = (after.updated_at or LATEST) < (before.updated_at or "")
    return bool(new.text) and differs(old.text, new.text) and not is_late
