"""A rule test once it is known to be right: who is on stage, what happens, what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.core.acts import Release, Take
from notifier.core.event_types import EventType
from notifier.core.people import Person
from notifier.core.records import Source
from notifier.core.rows import instant, iso_ms
from notifier.rehearsal.row import Fields
from notifier.rules.model import Ruleset


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One message to ``to``; ``says`` are parts of its text."""

    rule: str
    to: str
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An operations event about a source or destination."""

    type: EventType
    about: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What somebody does about the lead; a ``timedelta`` is how long it is snoozed."""

    wanted: Take | Release | timedelta
    by: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Time passes, then something changes or happens, then the messages are looked at.

    ``expect`` is ``None`` where nobody looks: then the next look sees them too.
    """

    where: str
    after: timedelta | None = None
    change: Fields | None = None
    act: Acted | None = None
    event: Happening | None = None
    expect: tuple[Expected, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One test with the rules it is about; ``lead`` is ``None`` where nobody enters."""

    name: str
    where: str
    rules: Ruleset
    at: datetime
    lead: Fields | None
    steps: tuple[Step, ...]


NEVER_CHANGE = ("id", "source", "bot_id", "customer_id", "url")


def filled(given: Fields, *, source: Source, at: str) -> Fields:
    """Return a lead with what a test leaves out: who it is, when, and that it is open.

    ``at`` is ISO 8601. The visitor's details stay empty, but for a name. ``url`` may
    be the source's template.
    """
    usual: Mapping[str, object] = {
        "id": "63d9ffa77a8d152facbe2f2f",
        "uuid": "7e88d192-9b20-4035-9b68-d4ac3d58a34f",
        "type": "lead",
        "source": source.name,
        "bot_id": source.bot_id,
        "customer_id": source.customer_id,
        "url": source.inbox_url,
        "name": "A visitor",
        "status": "OPEN",
        "created_at": at,
        "updated_at": at,
        "last_seen_at": at,
        "online": True,
        "visits": 1,
    }
    return changed(usual, given, at=at) | {"updated_at": given.get("updated_at") or at}


def changed(before: Fields, given: Fields, *, at: str) -> dict[str, object]:
    """Return a lead after a change at ``at`` (ISO 8601).

    Attributes are merged by name, ``null`` takes one away; a message without a
    time is of this moment.
    """
    after = {**before, "updated_at": at, **given}
    if given.get("attributes"):
        merged = {**(before.get("attributes") or {}), **given["attributes"]}
        after["attributes"] = {key: value for key, value in merged.items() if value is not None}
    if message := given.get("last_message"):
        said_at = message.get("at") or _later_than(before.get("last_message"), at)
        after["last_message"] = {"by": "user", **message, "at": said_at}
    return after


def _later_than(message: Fields | None, at: str) -> str:
    """Return ``at``, or the moment after a message of the same time: else it is no news."""
    last, now = instant((message or {}).get("at")), instant(at)
    if last is None or now is None or last < now:
        return at
    return iso_ms(last + timedelta(milliseconds=1))
