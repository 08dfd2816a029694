"""The whole decision on one screen: two readings of a lead → what is told to whom.

``once --dry-run``, ``explain``, ``test`` and the poller all call :func:`plan`,
so they cannot disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.core.diff import Change, diff
from notifier.core.event_types import ACTS, OPERATIONS, OVERDUE
from notifier.core.events import Event, changed, created
from notifier.core.mutes import Mutes
from notifier.core.outcome import State
from notifier.core.records import Lead
from notifier.core.rows import instant
from notifier.messages.builtin import builtin_text
from notifier.messages.faults import TemplateFault
from notifier.messages.text import Text
from notifier.rules.destinations import DestinationOptions
from notifier.rules.matching import Match, Timing, match
from notifier.rules.model import Rule, Ruleset
from notifier.rules.timers import TimerChange, timer_changes

EXEMPT = OPERATIONS | OVERDUE | ACTS
"""Events that no burst limit may delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One delivery to be: due at ``due``, or ``skipped`` from the start for a reason.

    ``text`` is ``None`` for webhooks, which get the envelope alone. Deliveries
    of one ``bundle`` go out as one message. ``exempt`` ones know no burst limit.
    ``template_fault`` says why the built-in text stands in for the rule's own.
    """

    rule: str
    destination: str
    text: Text | None
    mention: str | None
    broadcast: bool | None
    exempt: bool
    bundle: str
    due: datetime
    held: str | None = None
    state: State = State.PENDING
    reason: str | None = None
    template_fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedEvent:
    """An event with its deliveries."""

    event: Event
    deliveries: tuple[Planned, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one reading of a lead leads to."""

    changes: tuple[Change, ...]
    told: tuple[PlannedEvent, ...]
    timers: tuple[TimerChange, ...] = ()


def plan(
    before: Lead | None,
    after: Lead,
    rules: Ruleset,
    *,
    at: datetime,
    mutes: Mutes,
    announce: bool = True,
) -> Plan:
    """Return the changes from ``before`` to ``after``, their events and deliveries.

    ``announce`` is false for what a silent baseline finds: it starts no timers
    either. A conversion from non-lead to lead is told as ``created`` alone.
    """
    changes: list[Change] = []
    if before is None or before.type != after.type:
        events = [created(after, at=at, converted=before is not None)] if announce else []
    else:
        changes = diff(before, after)
        events = changed(after, changes, at=at)
    timers = timer_changes(before, after, rules, at=at)
    return Plan(
        changes=tuple(changes),
        told=plan_deliveries(events, rules, at=at, mutes=mutes),
        timers=tuple(one for one in timers if announce or one.since is None),
    )


def plan_deliveries(
    events: Sequence[Event], rules: Ruleset, *, at: datetime, mutes: Mutes
) -> tuple[PlannedEvent, ...]:
    """Return the events, all of one lead or one operation, with their deliveries."""
    matches = [(event, match(rules, event, at=at)) for event in events]
    first: dict[tuple[str, str], str] = {}
    for event, matched in matches:
        for one in matched:
            first.setdefault((one.rule.name, one.destination), event.id)
    return tuple(
        PlannedEvent(
            event=event,
            deliveries=tuple(
                planned(one, rules, mutes=mutes, first=first[_key(one)]) for one in matched
            ),
        )
        for event, matched in matches
    )


def _key(one: Match) -> tuple[str, str]:
    return one.rule.name, one.destination


def planned(one: Match, rules: Ruleset, *, mutes: Mutes, first: str | None = None) -> Planned:
    """Return the delivery a match leads to; ``first`` is the event it is told with."""
    event = one.event
    destination = rules.destinations[one.destination]
    text, fault = _text(one.rule, event, rules, destination.traits)
    reason = _skipped(one, mutes)
    # Programs get one message an event; people get what belongs together at once.
    alone = event.id if destination.traits.takes_events else first or event.id
    mention = one.rule.mention or destination.options.mention
    return Planned(
        rule=one.rule.name,
        destination=one.destination,
        text=text,
        mention=mention,
        broadcast=one.rule.broadcast,
        exempt=mention is not None or event.type in EXEMPT,
        # With its time: a change that repeats another shares the other's event id.
        bundle=f"{alone}:{event.data.observed_at}:{one.rule.name}:{one.destination}",
        due=one.due_at,
        held=None if one.timing in (Timing.NOW, Timing.DROP) else one.timing.value,
        state=State.SKIPPED if reason else State.PENDING,
        reason=reason,
        template_fault=fault,
    )


def _skipped(one: Match, mutes: Mutes) -> str | None:
    if one.rule.name in mutes.rules or one.destination in mutes.destinations:
        return "muted"
    return "drop" if one.timing is Timing.DROP else None


def _text(
    rule: Rule, event: Event, rules: Ruleset, traits: type[DestinationOptions]
) -> tuple[Text | None, str | None]:
    """Return the words and, where the rule's own template failed, why."""
    if traits.takes_events:
        return None, None
    medium = traits.medium
    if rule.message is None:
        return builtin_text(event, medium, rules.agents), None
    try:
        source = event.lead.source if event.lead else event.subject
        return rule.message.render(
            event, rule=rule.name, source=source, agents=rules.agents, medium=medium
        ), None
    except TemplateFault as fault:
        return builtin_text(event, medium, rules.agents), str(fault)


def announces(
    lead: Lead, *, first_run: timedelta | None, baseline_from: datetime | None
) -> bool:
    """Return whether a lead that a baseline finds is new.

    ``first_run`` is how far before ``baseline_from`` (the upstream's clock at
    the baseline's first request) a lead counts as new; ``None`` means always.
    What was created after it is announced in any case.
    """
    if first_run is None or baseline_from is None:
        return first_run is None
    created = instant(lead.created_at)
    # As a difference: no moment lies before the first year.
    return created is not None and baseline_from - created < first_run


def lane_key(event: Event) -> str:
    """Return what keeps deliveries in order: one lead, or one operation's subject."""
    bot_id = event.source.rpartition("/")[2]
    return f"{bot_id}/{event.subject}"
