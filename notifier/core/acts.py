"""What a person can do about a lead, and whether it may be done: the first one wins. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from notifier.core.people import Person, Taken
from notifier.core.records import Lead
from notifier.core.rows import iso_ms

SAME_SNOOZE = timedelta(minutes=1)
"""Two snoozes whose ends lie this close are one click too many."""


@dataclass(frozen=True, slots=True)
class Take:
    """Be the one who is on it."""


@dataclass(frozen=True, slots=True)
class Release:
    """Let nobody be on it any more."""


@dataclass(frozen=True, slots=True)
class Snooze:
    """Let no ``for`` rule tell of the lead until then."""

    until: datetime


Act: TypeAlias = Take | Release | Snooze


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadState:
    """What acts left on a lead: who is on it, and until when it is snoozed."""

    taken: Taken | None = None
    snoozed_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Becomes:
    """The act happens: the lead's state after it, and the suffix of the event's type."""

    state: LeadState
    suffix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenAlready:
    """Somebody else is on it: ``by.at`` says since when."""

    by: Taken


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadySo:
    """The act would change nothing: it is this person's lead, or snoozed until then."""

    state: LeadState


@dataclass(frozen=True, slots=True)
class NothingToRelease:
    """Nobody is on it."""


Decision: TypeAlias = Becomes | TakenAlready | AlreadySo | NothingToRelease


def decide(before: LeadState, act: Act, by: Person, *, at: datetime) -> Decision:
    """Return what the act makes of the lead, or why it does not happen.

    Raises ``ValueError`` for a snooze that would be over by ``at``.
    """
    match act:
        case Take():
            return _take(before, by, at)
        case Release():
            if before.taken is None:
                return NothingToRelease()
            return Becomes(state=replace(before, taken=None), suffix="released")
        case Snooze(until=until):
            return _snooze(before, until, at)


def _take(before: LeadState, by: Person, at: datetime) -> Decision:
    if before.taken is not None:
        is_own = by.is_same_as(before.taken)
        return AlreadySo(state=before) if is_own else TakenAlready(by=before.taken)
    taken = Taken(agent=by.agent, name=by.name, slack=by.slack, at=iso_ms(at))
    return Becomes(state=replace(before, taken=taken), suffix="taken")


def _snooze(before: LeadState, until: datetime, at: datetime) -> Decision:
    if until <= at:
        raise ValueError("a snooze ends later than it begins")
    if before.snoozed_until and abs(before.snoozed_until - until) < SAME_SNOOZE:
        return AlreadySo(state=before)
    return Becomes(state=replace(before, snoozed_until=until), suffix="snoozed")


def taken_after(taken: Taken | None, before: Lead | None, after: Lead) -> Taken | None:
    """Return who is on a lead after a reading: nobody where it got an owner in BotPenguin.

    ``before`` is ``None`` where the last reading is unknown. One who took a lead that had
    an owner already stays on it until the owner changes.
    """
    if after.assignee is None:
        return taken
    had = before.assignee if before else None
    return taken if had and had.id == after.assignee.id else None
