"""The host's clock was set back: what waits comes due by its own pause from now.

By the old clock it would wait for as much longer as the clock was set back.
"""

from datetime import datetime, timedelta

from notifier.core.destination_state import SLOWEST_PROBE_MS
from notifier.core.outcome import JITTER, RETRY_AFTER_MS
from notifier.core.rows import moment_of, ms_of
from notifier.rules.matching import Timing, timing
from notifier.rules.model import Ruleset
from notifier.rules.timers import again, due
from notifier.store import destinations, due_times, lead_acts, mutes, sources, timers
from notifier.store.deliveries import Delivery, later
from notifier.store.savepoints import savepoint
from notifier.store.session import Session
from notifier.store.timers import Timer
from notifier.transactions import escalation
from notifier.transactions.reports import keep_schedule

TOLERATED_MS = 1_000
"""Less than this is a clock that is being adjusted."""


def set_back_ms(session: Session, *, now_ms: int) -> int:
    """Return how far the clock lies behind what was seen before; 0 where it does not."""
    latest_ms = sources.latest_success_ms(session)
    behind_ms = 0 if latest_ms is None else latest_ms - now_ms
    return behind_ms if behind_ms > TOLERATED_MS else 0


def bring_forward(session: Session, rules: Ruleset, *, by_ms: int, now_ms: int) -> None:
    """Let nothing wait longer than its own pause, after the clock was set back ``by_ms``."""
    at = moment_of(now_ms)
    for one in later(session, now_ms=now_ms):
        with savepoint(session):  # whose rule is gone, or damaged, waits on
            due_ms = min(one.due_ms, ms_of(_latest(one, rules, at)))
            due_times.bring_forward(session, one.id, due_ms=due_ms, now_ms=now_ms)
    for timer in timers.running(session):
        with savepoint(session):
            _restart(session, timer, rules, at)
    escalation.restart(session, rules, at=at)
    destinations.bring_forward(session, probe_ms=now_ms + SLOWEST_PROBE_MS, now_ms=now_ms)
    mutes.bring_forward(session, by_ms=by_ms, now_ms=now_ms)
    lead_acts.bring_forward(session, by_ms=by_ms, now_ms=now_ms)
    sources.bring_forward(session, now_ms=now_ms)
    keep_schedule(session, rules.reports, now_ms=now_ms)


def _latest(one: Delivery, rules: Ruleset, at: datetime) -> datetime:
    """Return when the delivery would be due if its pause began now."""
    if one.attempts:
        scheduled_ms = RETRY_AFTER_MS[min(one.attempts, len(RETRY_AFTER_MS)) - 1]
        return at + timedelta(milliseconds=scheduled_ms * (1 + JITTER))
    rule = rules.rule(one.rule)
    if one.held is None or rule is None:
        return at
    if one.held == "burst":
        burst = rules.destinations[one.destination].options.burst
        return at + burst.per if burst else at
    if one.held == Timing.SETTLE and rule.settle is not None:
        return at + rule.settle
    return timing(rule, at)[1]


def _restart(session: Session, timer: Timer, rules: Ruleset, at: datetime) -> None:
    """Let a timer that began, or was told, later than now begin now."""
    rule, at_ms = rules.rule(timer.rule), ms_of(at)
    if rule is None or rule.for_ is None or max(timer.since_ms, timer.told_ms or 0) <= at_ms:
        return
    if timer.told_ms is None:
        due_ms, told_ms = ms_of(due(rule, at)), None
    else:
        told_ms = min(timer.told_ms, at_ms)
        due_ms = ms_of(again(rule, moment_of(told_ms)))
    timers.move(
        session, timer, due_ms=due_ms, told_ms=told_ms, since_ms=min(timer.since_ms, at_ms)
    )
