"""Why each rule did or did not send an event: the words behind ``explain`` and ``test``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from notifier.core.events import Event
from notifier.messages.facts import show
from notifier.rules.conditions import Failure
from notifier.rules.matching import Match, Timing, candidates, is_match, match, may_reach
from notifier.rules.model import Rule, Ruleset
from notifier.rules.views import View, view_of_event

COMBINATORS = ("any", "all", "not")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one rule makes of an event.

    ``listens`` is false for a disabled rule and for one that waits for other
    events; else ``failure`` is the key that did not hold, and where there is
    none, ``matches`` are the destinations it claimed and ``taken`` those that an
    earlier rule (the value) had claimed already.
    """

    rule: Rule
    listens: bool
    failure: Failure | None = None
    matches: tuple[Match, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)


def explain(ruleset: Ruleset, event: Event, *, at: datetime) -> tuple[Verdict, ...]:
    """Return a verdict of every rule in file order; the matches are those of ``match``."""
    view = view_of_event(event)
    heard = {rule.name: rule.send for rule in candidates(ruleset, event)}
    matches = match(ruleset, event, at=at)
    return tuple(
        _verdict(rule, heard[rule.name], event, view, matches)
        if rule.name in heard
        else Verdict(rule=rule, listens=False)
        for rule in ruleset.rules
    )


def _verdict(
    rule: Rule, send: Iterable[str], event: Event, view: View, matches: tuple[Match, ...]
) -> Verdict:
    """``send`` is where the rule would send this event: a step of it has its own."""
    if rule.settle is None and not is_match(rule, view):
        return Verdict(rule=rule, listens=True, failure=rule.condition.first_failure(view))
    claims = {one.destination: one for one in matches if one.timing is not Timing.DROP}
    own = tuple(one for one in matches if one.rule.name == rule.name)
    reached = {one.destination for one in own}
    return Verdict(
        rule=rule,
        listens=True,
        matches=own,
        taken={
            name: claims[name].rule.name
            for name in send
            if name not in reached and may_reach(event, name)
        },
    )


def failure_words(failure: Failure) -> str:
    """Return in words which key did not hold, and what was there instead."""
    if failure.key in COMBINATORS:
        return f"{failure.key} {failure.wanted} does not hold"
    return f"{failure.key} must be {failure.wanted}, and was {show(failure.seen) or 'empty'}"
