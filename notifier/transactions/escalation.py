"""Ladders: what follows the first telling of an overdue lead, as part of a transaction."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from notifier.core.records import Lead
from notifier.core.rows import moment_of, ms_of
from notifier.rules.ladders import (
    WITHOUT_STEPS,
    DueStep,
    counted_from,
    next_step,
    steps_after,
    steps_to_tell,
    why_ended,
)
from notifier.rules.matching import holds
from notifier.rules.model import Rule, Ruleset
from notifier.rules.timers import TimerChange
from notifier.store import ladders
from notifier.store.ladders import End, Ladder
from notifier.store.savepoints import savepoint
from notifier.store.session import Session
from notifier.store.timers import Timer
from notifier.transactions import overdue_events
from notifier.transactions.leads import CurrentLead
from notifier.transactions.overdue_events import LATER_MS, GoodPoll, Telling
from notifier.transactions.write_events import Written

UNKNOWN = "the lead is not known any more"


def begin(session: Session, timer: Timer, rule: Rule, *, at: datetime) -> None:
    """A lead was told of for the first time: from here its steps count."""
    if not rule.escalate:
        return
    first = counted_from(rule, moment_of(timer.due_ms), at=at)
    ladder = Ladder(
        rule=rule.name,
        bot_id=timer.bot_id,
        lead_id=timer.lead_id,
        since_ms=timer.since_ms,
        first_ms=ms_of(first),
        due_ms=_due_ms(next_step(rule, first)),
    )
    ladders.begin(session, ladder)


def end(session: Session, lead: Lead, changes: Iterable[TimerChange], *, at: datetime) -> None:
    """End the ladders of conditions that hold no more."""
    ends = [
        End(rule=one.rule, bot_id=lead.bot_id, lead_id=lead.id, why=one.why)
        for one in changes
        if one.why
    ]
    if ends:
        ladders.end(session, ends, at_ms=ms_of(at))


def fire(session: Session, poll: GoodPoll) -> Written:
    """Tell of the steps that came due before the poll began."""
    written = Written()
    for ladder in ladders.due(session, poll.overdue):
        with savepoint(session) as one:
            written.add(_climbed(session, ladder, poll))
        if one.fault:
            written.faults.append(one.fault)
            ladders.move(session, replace(ladder, due_ms=ms_of(poll.at) + LATER_MS))
    return written


def _climbed(session: Session, ladder: Ladder, poll: GoodPoll) -> Written:
    """Tell of a ladder's steps that are due and set when the next one is, or end it."""
    rule = poll.rules.rule(ladder.rule)
    lead = poll.current_lead(session, f"{ladder.bot_id}/{ladder.lead_id}")
    written = Written()
    if (why := _why_over(rule, lead)) or rule is None or lead is None:
        _end(session, ladder, why, poll.at)
        return written
    since = moment_of(ladder.since_ms)
    for step in _due_steps(ladder, rule, until=poll.begun):
        telling = Telling(rule=rule, lead=lead, since=since, due=step.due, step=step.number)
        written.add(overdue_events.write(session, telling, poll))
        reached_ms = step.after // timedelta(milliseconds=1)
        ladder = replace(ladder, reached_ms=reached_ms, steps=step.number)
    ladders.move(session, _rescheduled(ladder, rule))
    return written


def _due_steps(ladder: Ladder, rule: Rule, *, until: datetime) -> list[DueStep]:
    snoozed = None if ladder.snoozed_ms is None else moment_of(ladder.snoozed_ms)
    first, reached = moment_of(ladder.first_ms), timedelta(milliseconds=ladder.reached_ms)
    steps = steps_after(rule, first, reached)
    return steps_to_tell(steps, until=until, snoozed_until=snoozed)


def reconcile(
    session: Session, rules: Ruleset, current_lead: CurrentLead, *, at: datetime
) -> list[Exception]:
    """After the rules changed: end ladders of removed rules, compute the others anew.

    A ladder keeps from when it counts, and how far it has come. One that fails stays as it
    is; returned is why.
    """
    faults: list[Exception] = []
    for ladder in ladders.running(session):
        with savepoint(session) as one:
            rule = rules.rule(ladder.rule)
            lead = current_lead(session, f"{ladder.bot_id}/{ladder.lead_id}")
            why = _why_over(rule, lead) if lead is not None else _without_steps(rule)
            if why:
                _end(session, ladder, why, at)
            elif rule is not None:
                ladders.move(session, _rescheduled(ladder, rule))
        faults += [one.fault] if one.fault else []
    return faults


def restart(session: Session, rules: Ruleset, *, at: datetime) -> None:
    """The clock was set back: no ladder counts from later than now."""
    at_ms = ms_of(at)
    for ladder in ladders.running(session):
        rule = rules.rule(ladder.rule)
        if rule is None or max(ladder.since_ms, ladder.first_ms) <= at_ms:
            continue
        with savepoint(session):
            first_ms, since_ms = min(ladder.first_ms, at_ms), min(ladder.since_ms, at_ms)
            again = replace(ladder, first_ms=first_ms, since_ms=since_ms)
            ladders.move(session, _rescheduled(again, rule))


def _rescheduled(ladder: Ladder, rule: Rule) -> Ladder:
    first, reached = moment_of(ladder.first_ms), timedelta(milliseconds=ladder.reached_ms)
    return replace(ladder, due_ms=_due_ms(next_step(rule, first, reached)))


def _why_over(rule: Rule | None, lead: Lead | None) -> str:
    """Return why a ladder is over, nothing where it goes on."""
    if (why := _without_steps(rule)) or rule is None:
        return why
    if lead is None:
        return UNKNOWN
    return "" if holds(rule, lead) else why_ended(rule, lead)


def _without_steps(rule: Rule | None) -> str:
    goes_on = rule and rule.enabled and rule.for_ is not None and rule.escalate
    return "" if goes_on else WITHOUT_STEPS


def _end(session: Session, ladder: Ladder, why: str, at: datetime) -> None:
    over = End(rule=ladder.rule, bot_id=ladder.bot_id, lead_id=ladder.lead_id, why=why)
    ladders.end(session, [over], at_ms=ms_of(at))


def _due_ms(step: DueStep | None) -> int | None:
    return None if step is None else ms_of(step.due)
