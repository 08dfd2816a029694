"""Rules with ``for``: when their clocks start, come due and start over. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from notifier.core.records import Lead
from notifier.rules.ladders import why_ended
from notifier.rules.matching import holds
from notifier.rules.model import Rule, Ruleset


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerChange:
    """A timer to start, with ``since`` and ``due``; without them one to cancel.

    ``why`` then says of a rule with ``escalate`` why its ladder ends.
    """

    rule: str
    since: datetime | None = None
    due: datetime | None = None
    why: str = ""


def timer_rules(rules: Ruleset) -> Iterator[Rule]:
    """Yield the enabled rules that have a ``for``."""
    return (rule for rule in rules.rules if rule.enabled and rule.for_ is not None)


def timer_changes(
    before: Lead | None, after: Lead, rules: Ruleset, *, at: datetime
) -> Iterator[TimerChange]:
    """Yield what a reading does to the lead's timers.

    A condition that turned true starts one, a condition that is not true cancels
    it. ``before`` is ``None`` for a new lead.
    """
    for rule in timer_rules(rules):
        held = before is not None and holds(rule, before)
        if holds(rule, after):
            if not held:
                yield TimerChange(rule=rule.name, since=at, due=due(rule, at))
        elif before is not None:
            why = why_ended(rule, after) if rule.escalate else ""
            yield TimerChange(rule=rule.name, why=why)


def due(rule: Rule, since: datetime) -> datetime:
    """Return when a condition that holds since then has held for long enough."""
    assert rule.for_ is not None
    return rule.after(since, rule.for_)


def again(rule: Rule, told: datetime) -> datetime:
    """Return when a rule that repeats alarms the next time after ``told``."""
    assert rule.repeat is not None
    return rule.after(told, rule.repeat)


def repeats_from(rule: Rule, due: datetime, *, at: datetime) -> datetime:
    """Return from when on the repetition counts, after an alarm due at ``due``.

    What was missed until ``at`` is not made up for: then it counts from there.
    """
    return due if again(rule, due) > at else at
