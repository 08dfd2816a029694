"""Timers that come due become ``lead.overdue`` events, as part of a transaction."""

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlite_utils import Database

from notifier.core.events import overdue
from notifier.core.records import Lead
from notifier.core.rows import moment_of, ms_of
from notifier.plan import Mutes, told
from notifier.rules.matching import holds
from notifier.rules.model import Rule, Ruleset
from notifier.rules.timers import TimerChange, again, due, repeats_from
from notifier.store import timers
from notifier.store.parts import part
from notifier.store.timers import Timer
from notifier.transactions import write_events as ledger
from notifier.transactions.write_events import Written

LATER_MS = 5 * 60 * 1000

Present = Callable[[Database, str], Lead | None]
"""Gives a lead's present state by its lane key."""


def apply(db: Database, lead: Lead, changes: Iterable[TimerChange]) -> None:
    """Start and cancel the lead's timers."""
    found = list(changes)
    timers.cancel(db, [(one.rule, lead.bot_id, lead.id) for one in found if one.since is None])
    timers.start(
        db,
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
    db: Database,
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
    for timer in timers.due(db, bot_id, kind, until_ms=ms_of(begun)):
        with part(db) as one:
            written.add(_fired(db, timer, rules, present, mutes=mutes, at=at))
        if one.fault:
            written.faults.append(one.fault)
            timers.move(db, timer, due_ms=ms_of(at) + LATER_MS, told_ms=timer.told_ms)
    return written


def _fired(
    db: Database,
    timer: Timer,
    rules: Ruleset,
    present: Present,
    *,
    mutes: Mutes,
    at: datetime,
) -> Written:
    """Tell of one timer that came due, and set its next time."""
    rule = rules.rule(timer.rule)
    lead = present(db, f"{timer.bot_id}/{timer.lead_id}")
    if rule is None or lead is None or not holds(rule, lead):
        timers.cancel(db, [(timer.rule, timer.bot_id, timer.lead_id)])
        return Written()
    written = _told(db, timer, rule, lead, rules, mutes=mutes, at=at)
    if rule.repeat is None:
        # The condition holds on: only its turning true again starts anew.
        timers.cancel(db, [(timer.rule, timer.bot_id, timer.lead_id)])
    else:
        told_at = repeats_from(rule, moment_of(timer.due_ms), at=at)
        due_ms, told_ms = ms_of(again(rule, told_at)), ms_of(told_at)
        timers.move(db, timer, due_ms=due_ms, told_ms=told_ms)
    return written


def reconcile(db: Database, rules: Ruleset, present: Present) -> list[Exception]:
    """After the rules changed: end timers of removed rules, compute the others anew.

    A timer keeps its start; its due time and condition are those of today's rule.
    One that fails stays as it is; returned is why.
    """
    faults: list[Exception] = []
    for timer in timers.running(db):
        with part(db) as one:
            _reconcile_one(db, timer, rules, present)
        faults += [one.fault] if one.fault else []
    return faults


def _reconcile_one(db: Database, timer: Timer, rules: Ruleset, present: Present) -> None:
    rule = rules.rule(timer.rule)
    lead = present(db, f"{timer.bot_id}/{timer.lead_id}")
    if rule is None or not _still_runs(timer, rule, lead):
        timers.cancel(db, [(timer.rule, timer.bot_id, timer.lead_id)])
        return
    due_ms = ms_of(
        due(rule, moment_of(timer.since_ms))
        if timer.told_ms is None
        else again(rule, moment_of(timer.told_ms))
    )
    if due_ms != timer.due_ms:
        timers.move(db, timer, due_ms=due_ms, told_ms=timer.told_ms)


def _still_runs(timer: Timer, rule: Rule, lead: Lead | None) -> bool:
    if not rule.enabled or rule.for_ is None or (timer.told and rule.repeat is None):
        return False
    return lead is None or holds(rule, lead)


def _told(
    db: Database,
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
    written, found = Written(), told([event], rules, at=at, mutes=mutes)
    ledger.write(db, found, rules, bot_id=lead.bot_id, at_ms=ms_of(at), written=written)
    return written
