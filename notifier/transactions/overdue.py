"""Timers that come due become ``lead.overdue`` events, as part of a transaction."""

from collections.abc import Callable, Iterable
from datetime import datetime

from notifier.core.events import overdue
from notifier.core.records import Lead
from notifier.core.rows import moment_of, ms_of
from notifier.plan import Mutes, plan_deliveries
from notifier.rules.matching import holds
from notifier.rules.model import Rule, Ruleset
from notifier.rules.timers import TimerChange, again, due, repeats_from, timer_rules
from notifier.store import timers
from notifier.store.parts import part
from notifier.store.session import Session
from notifier.store.timers import Timer
from notifier.transactions import write_events as ledger
from notifier.transactions.write_events import Written

LATER_MS = 5 * 60 * 1000

Present = Callable[[Session, str], Lead | None]
"""Gives a lead's present state by its lane key."""


def apply(session: Session, lead: Lead, changes: Iterable[TimerChange]) -> None:
    """Start and cancel the lead's timers."""
    found = list(changes)
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


def fire(
    session: Session,
    bot_id: str,
    kind: str,
    rules: Ruleset,
    present: Present,
    *,
    begun: datetime,
    mutes: Mutes,
    at: datetime,
) -> Written:
    """Tell of every timer that came due before the good head poll that began at ``begun``.

    Only then is the snapshot fresh enough to accuse anyone. One that cannot be told
    comes due again later.
    """
    written = Written()
    for timer in timers.due(session, bot_id, kind, until_ms=ms_of(begun)):
        with part(session) as one:
            written.add(_fired(session, timer, rules, present, mutes=mutes, at=at))
        if one.fault:
            written.faults.append(one.fault)
            timers.move(session, timer, due_ms=ms_of(at) + LATER_MS, told_ms=timer.told_ms)
    return written


def _fired(
    session: Session,
    timer: Timer,
    rules: Ruleset,
    present: Present,
    *,
    mutes: Mutes,
    at: datetime,
) -> Written:
    """Tell of one timer that came due, and set its next time."""
    rule = rules.rule(timer.rule)
    lead = present(session, f"{timer.bot_id}/{timer.lead_id}")
    if rule is None or lead is None or not holds(rule, lead):
        timers.cancel(session, [(timer.rule, timer.bot_id, timer.lead_id)])
        return Written()
    written = _told(session, timer, rule, lead, rules, mutes=mutes, at=at)
    if rule.repeat is None:
        # The condition holds on: only its turning true again starts anew.
        timers.cancel(session, [(timer.rule, timer.bot_id, timer.lead_id)])
    else:
        told_at = repeats_from(rule, moment_of(timer.due_ms), at=at)
        due_ms, told_ms = ms_of(again(rule, told_at)), ms_of(told_at)
        timers.move(session, timer, due_ms=due_ms, told_ms=told_ms)
    timers.note_overdue(session, timer, told_ms=ms_of(at))
    return written


def reconcile(session: Session, rules: Ruleset, present: Present) -> list[Exception]:
    """After the rules changed: end timers of removed rules, compute the others anew.

    A timer keeps its start; its due time and condition are those of today's rule.
    One that fails stays as it is; returned is why.
    """
    faults: list[Exception] = []
    timers.forget_overdue(session, {rule.name for rule in timer_rules(rules)})
    for timer in timers.running(session):
        with part(session) as one:
            _reconcile_one(session, timer, rules, present)
        faults += [one.fault] if one.fault else []
    return faults


def _reconcile_one(session: Session, timer: Timer, rules: Ruleset, present: Present) -> None:
    rule = rules.rule(timer.rule)
    lead = present(session, f"{timer.bot_id}/{timer.lead_id}")
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


def _told(
    session: Session,
    timer: Timer,
    rule: Rule,
    lead: Lead,
    rules: Ruleset,
    *,
    mutes: Mutes,
    at: datetime,
) -> Written:
    assert rule.for_ is not None
    event = overdue(
        lead,
        rule=rule.name,
        since=moment_of(timer.since_ms),
        due=moment_of(timer.due_ms),
        for_s=int(rule.for_.total_seconds()),
        at=at,
    )
    written, found = Written(), plan_deliveries([event], rules, at=at, mutes=mutes)
    ledger.write(session, found, rules, bot_id=lead.bot_id, at_ms=ms_of(at), written=written)
    return written
