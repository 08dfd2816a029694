"""Re-evaluates held deliveries when they come due: still so, and in which words?"""

from datetime import datetime

import msgspec

from notifier.core.event_types import OVERDUE
from notifier.core.events import Event, decode, encode
from notifier.core.mutes import Mutes
from notifier.core.records import Lead
from notifier.core.rows import moment_of, ms_of
from notifier.plan import PlannedEvent, planned
from notifier.rules.matching import Timing, holds, settled
from notifier.rules.model import Outside, Rule, Ruleset
from notifier.store import lead_acts, mutes, waiting
from notifier.store.deliveries import Delivery
from notifier.store.savepoints import savepoint
from notifier.store.session import Session
from notifier.transactions.leads import CurrentLead
from notifier.transactions.write_events import join_digest, new_delivery

NO_LONGER_SO = "no longer so"


def release_due(
    session: Session,
    destination: str,
    rules: Ruleset,
    current_lead: CurrentLead,
    *,
    at: datetime,
) -> list[Exception]:
    """Decide about every delivery of ``destination`` whose waiting is over at ``at``.

    One that no decision can be made of goes out as it was planned; returned is why.
    """
    # Who takes events gets a digest singly: once due, its events are like any others.
    singly = rules.destinations[destination].traits.takes_events
    looks_at_digests = singly or any(_gathers_overdue(one) for one in rules.rules)
    held = (Timing.SETTLE, Timing.HOLD, *([Timing.DIGEST] if looks_at_digests else []))
    faults: list[Exception] = []
    ripe = waiting.ripe(session, destination, held, now_ms=ms_of(at))
    muted = mutes.active(session, now_ms=ms_of(at)) if ripe else Mutes()
    for one in ripe:
        releases = singly or one.held != Timing.DIGEST
        with savepoint(session) as deciding:
            _decide(session, one, rules, current_lead, muted=muted, at=at, releases=releases)
        if deciding.fault:
            waiting.release(session, one.id)
            faults.append(deciding.fault)
    return faults


def _decide(
    session: Session,
    one: Delivery,
    rules: Ruleset,
    current_lead: CurrentLead,
    *,
    muted: Mutes,
    at: datetime,
    releases: bool,
) -> None:
    event = decode(one.event_body)
    lead, rule = current_lead(session, one.lane_key), rules.rule(one.rule)
    # What a rule had planned before it was taken away goes out unchanged.
    if one.held == Timing.SETTLE and rule is not None and rule.enabled:
        _settle(session, one, _latest(event, lead), rules, muted=muted, at=at)
    elif _is_over(one, event, lead, rules):
        waiting.skip(session, one.id, NO_LONGER_SO)
    elif due := _asleep_until(session, event, lead, rule, at=at):
        waiting.hold(session, one.id, bundle=f"{event.id}:{one.id}", due_ms=ms_of(due))
    elif releases:
        waiting.release(session, one.id)


def _asleep_until(
    session: Session, event: Event, lead: Lead | None, rule: Rule | None, *, at: datetime
) -> datetime | None:
    """Return when an overdue alert of a snoozed lead may go out, if not yet."""
    if event.data.overdue is None or lead is None:
        return None
    until = lead_acts.state(session, lead.bot_id, lead.id).snoozed_until
    if until is None or until <= at:
        return None
    return rule.only.next_open(until) if rule and rule.only else until


def _latest(event: Event, lead: Lead | None) -> Event:
    """Return the event with the lead as it is now, where it is still known."""
    if lead is None:
        return event
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, lead=lead))


def _is_over(one: Delivery, event: Event, lead: Lead | None, rules: Ruleset) -> bool:
    """Whether an overdue alert that waited for its window accuses nobody any more."""
    if event.data.overdue is None or lead is None:
        return False
    accuses = rules.rule(event.data.overdue.rule)
    return accuses is not None and _awaited_window(one, rules) and not holds(accuses, lead)


def _awaited_window(one: Delivery, rules: Ruleset) -> bool:
    """Whether it waited for its rule's window, and not for the rule's own digest."""
    rule, at = rules.rule(one.rule), moment_of(one.created_ms)
    return one.held == Timing.HOLD or bool(rule and rule.only and rule.only.next_open(at) > at)


def _gathers_overdue(rule: Rule) -> bool:
    gathers = rule.digest is not None or rule.outside is Outside.DIGEST
    return gathers and not rule.types.isdisjoint(OVERDUE)


def _settle(
    session: Session, one: Delivery, event: Event, rules: Ruleset, *, muted: Mutes, at: datetime
) -> None:
    """Match the settled lead anew, from the delivery's own rule on."""
    matches = settled(rules, event, rule=one.rule, destination=one.destination, at=at)
    if not matches:
        waiting.skip(session, one.id, NO_LONGER_SO)
        return
    # Drops come first, and the rule that claims the destination last.
    decided = join_digest(session, planned(matches[-1], rules, mutes=muted), rules)
    at_ms = ms_of(at)
    new = new_delivery(PlannedEvent(event=event, deliveries=()), decided, 0, at_ms)
    waiting.replan(session, one.id, new, envelope=encode(event).decode())
