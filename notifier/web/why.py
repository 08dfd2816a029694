"""Why each rule told of a lead, or did not, in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notifier.core.events import Event
from notifier.core.records import Lead
from notifier.core.rows import instant
from notifier.rules.durations import format_duration
from notifier.rules.explaining import Verdict, explain, failure_words
from notifier.rules.ladders import progress_words
from notifier.rules.matching import Timing, candidates, holds
from notifier.rules.model import Rule, Ruleset
from notifier.rules.views import view_of_lead
from notifier.store.ladders import Ladder
from notifier.store.timers import Timer

WAITS = {
    Timing.NOW: "",
    Timing.HOLD: " when its window opens",
    Timing.DIGEST: " in a digest",
    Timing.SETTLE: " once the lead has settled",
    Timing.DROP: " (dropped: outside the rule's window)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderProgress:
    """Where the ladder of a rule stands: ``at_ms`` is its next step, or its end."""

    rule: str
    words: str
    at_ms: int | None
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What a rule made of a lead; ``due_ms`` is when its clock runs out, where one runs."""

    rule: str
    told: bool
    why: str
    due_ms: int | None = None


def reasons(
    rules: Ruleset, lead: Lead | None, events: Sequence[Event], running: Mapping[str, Timer]
) -> list[Reason]:
    """Return a reason for each rule: by the newest event it listens to, and the lead now."""
    return [_reason(rule, rules, lead, events, running.get(rule.name)) for rule in rules.rules]


def ladder_progress(rules: Ruleset, found: Iterable[Ladder]) -> list[LadderProgress]:
    """Return where each ladder of a lead stands."""
    return [_progress(one, rules.rule(one.rule)) for one in found]


def _progress(ladder: Ladder, rule: Rule | None) -> LadderProgress:
    steps = len(rule.escalate) if rule else 0
    return LadderProgress(
        rule=ladder.rule,
        words=progress_words(told=ladder.steps, of=steps, ended=ladder.ended),
        at_ms=ladder.ended_ms or ladder.due_ms,
        is_over=ladder.due_ms is None,
    )


def others(rules: Ruleset, event: Event) -> list[Reason]:
    """Return why each rule that listens to an event did not tell of it."""
    at = instant(event.data.observed_at)
    if at is None:
        return []
    return [
        Reason(rule=one.rule.name, told=False, why=_words(one))
        for one in explain(rules, event, at=at)
        if one.listens and not one.matches
    ]


def _reason(
    rule: Rule,
    rules: Ruleset,
    lead: Lead | None,
    events: Sequence[Event],
    timer: Timer | None,
) -> Reason:
    if not rule.enabled:
        return Reason(rule=rule.name, told=False, why="it is disabled")
    event = next(
        (one for one in events if any(r.name == rule.name for r in candidates(rules, one))),
        None,
    )
    if event is None and rule.for_ is not None and lead is not None:
        return _watching(rule, lead, timer)
    if event is None:
        waits_for = ", ".join(sorted(rule.types))
        return Reason(rule=rule.name, told=False, why=f"nothing it listens to: {waits_for}")
    at = instant(event.data.observed_at)
    verdicts = explain(rules, event, at=at) if at else ()
    verdict = next((one for one in verdicts if one.rule is rule), None)
    if verdict is None:
        return Reason(rule=rule.name, told=False, why="its event cannot be read")
    return Reason(
        rule=rule.name,
        told=bool(verdict.matches),
        why=_words(verdict),
        due_ms=timer.due_ms if timer else None,
    )


def _watching(rule: Rule, lead: Lead, timer: Timer | None) -> Reason:
    """Return how a rule stands whose condition has to hold for some time."""
    assert rule.for_ is not None
    length = format_duration(rule.for_)
    if timer is not None:
        why = f"its condition holds, and has to for {length}"
        return Reason(rule=rule.name, told=False, why=why, due_ms=timer.due_ms)
    failure = rule.condition.first_failure(view_of_lead(lead))
    if failure is not None:
        why = f"{failure_words(failure)} (for {length})"
    elif not holds(rule, lead):
        why = "it watches leads alone, unless its condition names type"
    else:
        why = f"it held already when the lead or the rule was new: no clock runs ({length})"
    return Reason(rule=rule.name, told=False, why=why)


def _words(one: Verdict) -> str:
    if one.failure is not None:
        return failure_words(one.failure)
    sent = [f"to {match.destination}{WAITS[match.timing]}" for match in one.matches]
    taken = [f"`{rule}` had claimed {name} before" for name, rule in one.taken.items()]
    return "; ".join((*sent, *taken)) or "it has nobody to tell"
