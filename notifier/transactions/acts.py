"""A person's act on a lead, from whichever door: decided, told and kept as one whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from notifier.core.acts import (
    Act,
    AlreadySo,
    Becomes,
    LeadState,
    NothingToRelease,
    Release,
    Snooze,
    Take,
    TakenAlready,
    decide,
)
from notifier.core.events import Event, acted
from notifier.core.people import ActTold, Person, Through
from notifier.core.records import Lead
from notifier.core.rows import iso_ms, ms_of
from notifier.messages.facts import who
from notifier.plan import plan_deliveries
from notifier.rules.model import Ruleset
from notifier.rules.timers import timer_changes
from notifier.store import acts, lead_acts, mutes
from notifier.store.session import Session
from notifier.transactions import overdue
from notifier.transactions import write_events as ledger
from notifier.transactions.leads import CurrentLead
from notifier.transactions.write_events import Written

NAMES = {Take: "take", Release: "release", Snooze: "snooze"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The act happened: its event, the lead after it, and who has to send what."""

    event: Event
    lead: Lead
    state: LeadState
    written: Written


@dataclass(frozen=True, slots=True)
class NoSuchLead:
    """No lead of this bot and id is known, or no source of these rules has it."""


Result: TypeAlias = Done | TakenAlready | AlreadySo | NothingToRelease | NoSuchLead
"""``AlreadySo`` is the answer to a repeated click, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, and the door; ``click`` is what the door knows this one click by."""

    by: Person
    through: Through
    click: str | None = None


def act(
    session: Session,
    key: str,
    wanted: Act,
    actor: Actor,
    *,
    rules: Ruleset,
    current_lead: CurrentLead,
    at: datetime,
) -> Result:
    """Do something about the lead under a lane's ``key``: part of one transaction.

    Raises :class:`DamagedError` where what is stored of the lead cannot be read.
    """
    before = current_lead(session, key)
    if before is None:
        return NoSuchLead()
    state = lead_acts.state(session, before.bot_id, before.id)
    if actor.click and acts.is_done(session, actor.click):
        return AlreadySo(state=state)
    decision = decide(state, wanted, actor.by, at=at)
    if not isinstance(decision, Becomes):
        return decision
    until = wanted.until if isinstance(wanted, Snooze) else None
    told = ActTold(by=actor.by, through=actor.through, until=iso_ms(until) if until else None)
    after = before.with_taken(decision.state.taken)
    event = acted(after, decision.suffix, told, before=before.taken_by, at=at)
    lead_acts.save(session, after.bot_id, after.id, decision.state)
    overdue.apply(session, after, timer_changes(before, after, rules, at=at), at=at)
    acts.record(session, _remembered(after, wanted, actor, at=at), click=actor.click)
    written = _told(session, event, rules, bot_id=after.bot_id, at=at)
    return Done(event=event, lead=after, state=decision.state, written=written)


def _told(
    session: Session, event: Event, rules: Ruleset, *, bot_id: str, at: datetime
) -> Written:
    at_ms, written = ms_of(at), Written()
    muted = mutes.active(session, now_ms=at_ms)
    planned = plan_deliveries([event], rules, at=at, mutes=muted)
    ledger.write(session, planned, rules, bot_id=bot_id, at_ms=at_ms, written=written)
    return written


def _remembered(lead: Lead, wanted: Act, actor: Actor, *, at: datetime) -> acts.Act:
    return acts.Act(
        at_ms=ms_of(at),
        act=NAMES[type(wanted)],
        target=who(lead),
        who=actor.by.name,
        through=actor.through.value,
        lead=f"{lead.bot_id}/{lead.id}",
        until_ms=ms_of(wanted.until) if isinstance(wanted, Snooze) else None,
    )
