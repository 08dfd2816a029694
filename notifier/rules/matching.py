"""Which rules an event matches, who claims each destination, and when it goes out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from notifier.core.event_types import EventType
from notifier.core.events import Event
from notifier.core.records import LEAD, Lead
from notifier.rules.model import Outside, Rule, Ruleset
from notifier.rules.views import View, view_of_event, view_of_lead

ABOUT_DESTINATIONS = frozenset({EventType.DESTINATION_DOWN, EventType.DESTINATION_UP})


class Timing(StrEnum):
    """What a match waits for.

    ``NOW``: nothing. ``HOLD``: ``due_at``, when its window opens. ``DIGEST``: the
    rule's collection for that destination, which goes out at ``due_at`` if this
    match begins it. ``SETTLE``: ``due_at``, and longer while the lead has
    further events; then :func:`settled` decides. ``DROP``: it is not sent.
    """

    NOW = "now"
    HOLD = "hold"
    DIGEST = "digest"
    SETTLE = "settle"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An event that a rule sends to a destination; of a ``DROP``, would have sent."""

    rule: Rule
    destination: str
    event: Event
    timing: Timing
    due_at: datetime


def match(ruleset: Ruleset, event: Event, *, at: datetime) -> tuple[Match, ...]:
    """Return the event's matches in file order.

    A destination stands in at most one of them, drops apart: the first rule
    that matches claims it. Mutes are not looked at, since a muted rule claims too.
    """
    return tuple(_claims(candidates(ruleset, event), event, at=at, is_settled=False))


def settled(
    ruleset: Ruleset, event: Event, *, rule: str, destination: str, at: datetime
) -> tuple[Match, ...]:
    """Return what becomes of a match that waited to settle, now that it has.

    ``event`` carries the lead's latest state. Rules from ``rule`` on are tried;
    none may be left, and then nothing is sent.
    """
    rules = list(candidates(ruleset, event))
    begin = next((i for i, one in enumerate(rules) if one.name == rule), len(rules))
    matches = _claims(rules[begin:], event, at=at, is_settled=True)
    return tuple(one for one in matches if one.destination == destination)


def holds(rule: Rule, lead: Lead) -> bool:
    """Say whether the condition of a ``for`` rule holds for a lead as it is.

    Non-leads count only where the condition itself names ``type``.
    """
    if lead.type != LEAD and not rule.condition.names("type"):
        return False
    return rule.condition.holds(view_of_lead(lead))


def candidates(ruleset: Ruleset, event: Event) -> Iterator[Rule]:
    """Yield the enabled rules that listen to the event: an overdue one's own rule first.

    Of a step of a ladder that is the rule as it tells of this step.
    """
    overdue = event.data.overdue
    own = ruleset.rule(overdue.rule) if overdue else None
    if overdue and own and own.enabled:
        yield own.at_step(overdue.step)
    yield from ruleset.listening[event.type]


def is_match(rule: Rule, view: View) -> bool:
    """Say whether a rule that listens to an event matches it."""
    # Its own overdue event exists because the condition held.
    return rule.for_ is not None or rule.condition.holds(view)


def may_reach(event: Event, destination: str) -> bool:
    """Say whether an event may go to a destination: not the news that itself is down."""
    return event.type not in ABOUT_DESTINATIONS or event.subject != destination


def timing(rule: Rule, at: datetime) -> tuple[Timing, datetime]:
    """Return what a match of this moment waits for, and until when."""
    opens = rule.only.next_open(at) if rule.only else at
    if opens > at and rule.outside is Outside.DROP:
        return Timing.DROP, at
    if opens > at and rule.outside is Outside.DIGEST:
        return Timing.DIGEST, opens
    if rule.digest:
        return Timing.DIGEST, rule.digest.due(opens)
    return (Timing.HOLD, opens) if opens > at else (Timing.NOW, at)


def _claims(
    rules: Iterable[Rule], event: Event, *, at: datetime, is_settled: bool
) -> Iterator[Match]:
    view = view_of_event(event)
    claimed: set[str] = set()
    for rule in rules:
        waits = rule.settle and not is_settled
        if not waits and not is_match(rule, view):
            continue
        free = [one for one in rule.send if one not in claimed and may_reach(event, one)]
        if not free:
            continue
        when, due_at = (
            (Timing.SETTLE, at + rule.settle) if rule.settle and waits else timing(rule, at)
        )
        for name in free:
            yield Match(rule=rule, destination=name, event=event, timing=when, due_at=due_at)
        if when is not Timing.DROP:
            claimed.update(free)
