"""Timers that come due become ``lead.overdue`` events, as part of a transaction."""

from collections.abc import Iterable
from datetime import datetime

from notifier.core.records import Lead
from notifier.core.rows import moment_of, ms_of
from notifier.rules.matching import holds
from notifier.rules.model import Rule, Ruleset
from notifier.rules.timers import TimerChange, again, due, repeats_from, timer_rules
from notifier.store import ladders, timers
from notifier.store.overdue import Overdue
from notifier.store.savepoints import savepoint
from notifier.store.session import Session
from notifier.store.timers import Timer
from notifier.transactions import escalation, overdue_events
from notifier.transactions.leads import CurrentLead
from notifier.transactions.overdue_events import LATER_MS, GoodPoll, Telling
from notifier.transactions.write_events import Written


def apply(
    session: Session, lead: Lead, changes: Iterable[TimerChange], *, at: datetime
) -> None:
    """Start and cancel the lead's timers, and end the ladders of those that are cancelled."""
    found = list(changes)
    escalation.end(session, lead, found, at=at)
    timers.cancel(
        session, [(one.rule, lead.bot_id, lead.id) for one in found if one.since is None]
    )
    timers.start(
        session,
        [
            Timer(
                rule=one.rule,
                bot_id=lead.bot_id,
                lead_id=lead.id,
                since_ms=ms_of(one.since),
                due_ms=ms_of(one.due),
            )
            for one in found
            if one.since is not None and one.due is not None
        ],
    )


def fire(session: Session, poll: GoodPoll) -> Written:
    """Tell of the timers and steps that came due before the poll began.

    One that cannot be told comes due again later.
    """
    written = Written()
    for timer in timers.due(session, poll.overdue):
        with savepoint(session) as one:
            written.add(_fired(session, timer, poll))
        if one.fault:
            written.faults.append(one.fault)
            due_ms = ms_of(poll.at) + LATER_MS
            timers.move(session, timer, due_ms=due_ms, told_ms=timer.told_ms)
    written.add(escalation.fire(session, poll))
    return written


def waits(session: Session, wanted: Overdue) -> bool:
    """Return whether a timer or a step is due."""
    return bool(timers.due(session, wanted) or ladders.due(session, wanted))


def _fired(session: Session, timer: Timer, poll: GoodPoll) -> Written:
    """Tell of one timer that came due, and set its next time."""
    rule, at = poll.rules.rule(timer.rule), poll.at
    lead = poll.current_lead(session, f"{timer.bot_id}/{timer.lead_id}")
    if rule is None or lead is None or not holds(rule, lead):
        timers.cancel(session, [(timer.rule, timer.bot_id, timer.lead_id)])
        return Written()
    since, due_at = moment_of(timer.since_ms), moment_of(timer.due_ms)
    telling = Telling(rule=rule, lead=lead, since=since, due=due_at)
    written = overdue_events.write(session, telling, poll)
    if not timer.told:
        escalation.begin(session, timer, rule, at=at)
    if rule.repeat is None:
        # The condition holds on: only its turning true again starts anew.
        timers.cancel(session, [(timer.rule, timer.bot_id, timer.lead_id)])
    else:
        told_at = repeats_from(rule, due_at, at=at)
        due_ms, told_ms = ms_of(again(rule, told_at)), ms_of(told_at)
        timers.move(session, timer, due_ms=due_ms, told_ms=told_ms)
    timers.note_overdue(session, timer, told_ms=ms_of(at))
    return written


def reconcile(
    session: Session, rules: Ruleset, current_lead: CurrentLead, *, at: datetime
) -> list[Exception]:
    """After the rules changed: end timers of removed rules, compute the others anew.

    A timer keeps its start; its due time and condition are those of today's rule.
    One that fails stays as it is; returned is why.
    """
    faults: list[Exception] = []
    timers.forget_overdue(session, {rule.name for rule in timer_rules(rules)})
    for timer in timers.running(session):
        with savepoint(session) as one:
            _reconcile_one(session, timer, rules, current_lead)
        faults += [one.fault] if one.fault else []
    return faults + escalation.reconcile(session, rules, current_lead, at=at)


def _reconcile_one(
    session: Session, timer: Timer, rules: Ruleset, current_lead: CurrentLead
) -> None:
    rule = rules.rule(timer.rule)
    lead = current_lead(session, f"{timer.bot_id}/{timer.lead_id}")
    if rule is None or not _still_runs(timer, rule, lead):
        timers.cancel(session, [(timer.rule, timer.bot_id, timer.lead_id)])
        return
    due_ms = ms_of(
        due(rule, moment_of(timer.since_ms))
        if timer.told_ms is None
        else again(rule, moment_of(timer.told_ms))
    )
    if due_ms != timer.due_ms:
        timers.move(session, timer, due_ms=due_ms, told_ms=timer.told_ms)


def _still_runs(timer: Timer, rule: Rule, lead: Lead | None) -> bool:
    if not rule.enabled or rule.for_ is None or (timer.told and rule.repeat is None):
        return False
    return lead is None or holds(rule, lead)
