"""What a rule made of an event or a lead, in words for people and in JSON."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from notifier.cli.moments import short, short_ms
from notifier.cli.shapes import Shape, time_shape
from notifier.core.events import Event
from notifier.core.records import Lead
from notifier.core.rows import iso_ms, iso_of_ms
from notifier.rules.conditions import Failure
from notifier.rules.durations import format_duration
from notifier.rules.explaining import Verdict, failure_words
from notifier.rules.ladders import progress_words
from notifier.rules.matching import Match, Timing, holds
from notifier.rules.model import Rule
from notifier.rules.views import view_of_lead
from notifier.store.ladders import Ladder
from notifier.store.timers import Timer

WAITS = {
    Timing.HOLD: " (held until {due})",
    Timing.DIGEST: " (in a digest, due {due})",
    Timing.SETTLE: " (once the lead has settled, {due} at the earliest)",
    Timing.DROP: " (dropped: outside the rule's window)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How moments are shown: in which zone, seen from when."""

    zone: tzinfo
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A rule with its verdict on ``event``, and how it stands with the lead as it is now.

    ``event`` is ``None`` where there is none that the rule listens to.
    """

    rule: Rule
    event: Event | None
    verdict: Verdict
    lead: Lead | None
    timer: Timer | None
    ladder: Ladder | None = None

    @property
    def watches(self) -> bool:
        """Whether the rule waits for a condition of this lead to hold long enough."""
        return self.rule.enabled and self.rule.for_ is not None and self.lead is not None

    @property
    def failure(self) -> Failure | None:
        """The first key that did not hold in the event, or does not hold of the lead now."""
        if self.watches and self.lead is not None:
            return self.rule.condition.first_failure(view_of_lead(self.lead))
        return self.verdict.failure


def judged_words(one: Judged, times: Times) -> str:
    """Return why the rule did or did not send anything."""
    if not one.watches:
        return _verdict_words(one.verdict, times)
    told = f"{_verdict_words(one.verdict, times)}; now: " if one.verdict.listens else ""
    return "; ".join(filter(None, (f"{told}{_watch_words(one, times)}", _ladder(one, times))))


def judged_shape(one: Judged) -> Shape:
    """Return a verdict as an object; ``timer`` only of a ``for`` rule whose clock runs."""
    failure, timer = one.failure, one.timer
    return {
        "rule": one.rule.name,
        "event_id": one.event.id if one.event else None,
        "result": _result(one),
        "key": failure.key if failure else None,
        "wanted": failure.wanted if failure else None,
        "seen": failure.seen if failure else None,
        "destinations": [
            {"name": m.destination, "timing": m.timing.value, "due_at": iso_ms(m.due_at)}
            for m in one.verdict.matches
        ],
        "claimed_before": dict(one.verdict.taken),
        "timer": timer
        and {"since": iso_of_ms(timer.since_ms), "due_at": iso_of_ms(timer.due_ms)},
        "ladder": one.ladder and _ladder_shape(one.ladder, one.rule),
    }


def _ladder_shape(ladder: Ladder, rule: Rule) -> Shape:
    return {
        "told": ladder.steps,
        "of": len(rule.escalate),
        "first_at": iso_of_ms(ladder.first_ms),
        "due_at": time_shape(ladder.due_ms),
        "ended_at": time_shape(ladder.ended_ms),
        "ended": ladder.ended,
    }


def _ladder(one: Judged, times: Times) -> str:
    """Return where the ladder of a rule stands, nothing where it has none."""
    ladder = one.ladder
    if ladder is None:
        return ""
    words = progress_words(told=ladder.steps, of=len(one.rule.escalate), ended=ladder.ended)
    at_ms = ladder.ended_ms or ladder.due_ms
    return f"{words}, at {short_ms(at_ms, times.zone, at=times.at)}" if at_ms else words


def _result(one: Judged) -> str:
    if not one.rule.enabled:
        return "disabled"
    if one.failure is not None:
        return "failed"
    if one.verdict.listens:
        return "matched" if one.verdict.matches else "claimed before"
    return "waits" if one.watches else "does not listen"


def _verdict_words(one: Verdict, times: Times) -> str:
    if not one.rule.enabled:
        return "no: it is disabled"
    if not one.listens:
        return f"no: it waits for {', '.join(sorted(one.rule.types))}"
    if one.failure is not None:
        return f"no: {failure_words(one.failure)}"
    sent = [f"{match.destination}{_wait(match, times)}" for match in one.matches]
    taken = [f"`{rule}` had claimed {name} before" for name, rule in one.taken.items()]
    return f"yes, {'to ' if sent else 'but '}{'; '.join((*sent, *taken))}"


def _watch_words(one: Judged, times: Times) -> str:
    assert one.rule.for_ is not None
    length = format_duration(one.rule.for_)
    if one.timer is not None:
        since = short_ms(one.timer.since_ms, times.zone, at=times.at)
        due = short_ms(one.timer.due_ms, times.zone, at=times.at)
        again = "it has alarmed and repeats" if one.timer.told else f"it alarms after {length},"
        return f"it has held since {since}; {again} at {due}"
    if one.failure is not None:
        return f"no: {failure_words(one.failure)} (for {length})"
    if one.lead is None or not holds(one.rule, one.lead):
        return "no: it watches leads alone, unless its condition names type"
    return (
        f"it holds, but no clock runs towards {length}: it has alarmed, "
        "or held already when the lead or the rule was new"
    )


def _wait(match: Match, times: Times) -> str:
    if match.timing is Timing.NOW:
        return ""
    return WAITS[match.timing].format(due=short(match.due_at, times.zone, at=times.at))
