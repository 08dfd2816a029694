"""The keys of a ``*.test.yaml``, as the models that check them."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from notifier.core.event_types import OPERATIONS, EventType
from notifier.core.rows import iso_ms, usable
from notifier.rules.destinations import Flag, Options
from notifier.rules.durations import PositiveDuration
from notifier.rules.unfit import UnfitError


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value or ()


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UnfitError(value, "is not a time with its offset, as in 2026-03-02T10:00+05:30")
    return moment


def _start(value: object) -> object:
    moment = _moment(value)
    if isinstance(moment, datetime) and usable(moment) is None:
        raise ValueError(f"`{value}` leaves no time before or after it")
    return moment


def _iso(value: object) -> object:
    moment = _moment(value)
    known = usable(moment) if isinstance(moment, datetime) else None
    return iso_ms(known) if known else value  # as BotPenguin would send "no time"


def _by_id(value: object) -> object:
    return {"id": value} if isinstance(value, str) else value


def _by_text(value: object) -> object:
    return {"text": value} if isinstance(value, str) else value


def _titled(value: object) -> object:
    entries = value if isinstance(value, list) else [] if value is None else [value]
    return [{"title": entry} if isinstance(entry, str) else entry for entry in entries]


def _operation(value: object) -> object:
    if value in OPERATIONS:
        return EventType(str(value))
    raise UnfitError(str(value), f"is not one of {', '.join(sorted(OPERATIONS))}")


Text: TypeAlias = Annotated[str, Field(min_length=1)]
Texts: TypeAlias = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
Moment: TypeAlias = Annotated[datetime, BeforeValidator(_start)]
IsoTime: TypeAlias = Annotated[str | None, BeforeValidator(_iso)]


class Assignee(Options):
    """Who has a lead: an agent's id, or the id with the name in the listing."""

    id: Text
    name: str | None = None


class LastMessage(Options):
    """A chat's newest message; a bare text is the visitor's."""

    at: IsoTime = None
    by: str | None = "user"
    text: str | None = None


class Note(Options):
    """An agent's note; a bare text is its title."""

    id: str | None = None
    title: str | None = None
    description: str | None = None


class Lead(Options):
    """Any field of a lead, under the name that rules use."""

    id: Text | None = None
    uuid: str | None = None
    type: Literal["lead", "non-lead"] | None = None
    source: Text | None = None
    bot_id: Text | None = None
    customer_id: Text | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    city: str | None = None
    country: str | None = None
    gender: str | None = None
    picture: str | None = None
    tags: Texts = ()
    attributes: dict[str, str | None] | None = None
    notes: Annotated[tuple[Note, ...], BeforeValidator(_titled)] = ()
    status: str | None = None
    assignee: Annotated[Assignee | None, BeforeValidator(_by_id)] = None
    online: Flag | None = None
    visits: int | None = None
    last_message: Annotated[LastMessage | None, BeforeValidator(_by_text)] = None
    last_seen_at: IsoTime = None
    created_at: IsoTime = None
    updated_at: IsoTime = None
    url: str | None = None


class Expected(Options):
    """A message per destination in ``to``, by default all of the rule's."""

    rule: Text
    to: Texts = ()
    says: Texts = ()


class Happening(Options):
    """Trouble of the program's own, or its end."""

    type: Annotated[EventType, BeforeValidator(_operation)]
    about: Text
    reason: Text = "a rehearsal"


class Acted(Options):
    """What a person does: take or release as somebody, or snooze for some time."""

    take: Text | None = None
    release: Text | None = None
    snooze: PositiveDuration | None = None


class Step(Options):
    """What happens, in this order: time passes, something happens, a check is made."""

    after: PositiveDuration | None = None
    change: Any = None
    act: Any = None
    event: Any = None
    expect: Any = None


class Test(Options):
    """One story of one lead."""

    __test__ = False  # for pytest, which collects what is called so

    name: Text
    at: Moment | None = None
    lead: Any = None
    steps: Any


class TestFile(Options):
    """A whole file: ``rules`` names the rules files it is about, else all beside it."""

    __test__ = False

    rules: Texts = ()
    tests: Any
