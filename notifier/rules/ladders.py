"""Rules with ``escalate``: which step of the ladder comes when, and why it ends. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.core.records import Lead
from notifier.rules.explaining import failure_words
from notifier.rules.model import Rule
from notifier.rules.views import view_of_lead

ZERO = timedelta()
WITHOUT_STEPS = "the rule has no such steps any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStep:
    """The step of this number, from 1, with its ``after`` and when it is due."""

    number: int
    after: timedelta
    due: datetime


def steps_after(rule: Rule, first: datetime, reached: timedelta) -> Iterator[DueStep]:
    """Yield the steps behind ``reached``, for a lead that was first told of at ``first``."""
    for number, step in enumerate(rule.escalate, 1):
        if step.after > reached:
            yield DueStep(number=number, after=step.after, due=rule.after(first, step.after))


def next_step(rule: Rule, first: datetime, reached: timedelta = ZERO) -> DueStep | None:
    """Return the step that comes next, ``None`` at the end of the ladder."""
    return next(steps_after(rule, first, reached), None)


def counted_from(rule: Rule, due: datetime, *, at: datetime) -> datetime:
    """Return from when the steps count, after a first telling that was due at ``due``.

    One that was told late, after a snooze or a pause, counts from ``at``: nobody has had
    the time that the first step leaves.
    """
    step = next_step(rule, due)
    return due if step is None or step.due > at else at


def steps_to_tell(
    steps: Iterator[DueStep], *, until: datetime, snoozed_until: datetime | None
) -> list[DueStep]:
    """Return the steps that came due; of those that fell into a snooze only the latest."""
    found = [step for step in steps if step.due <= until]
    asleep = [step for step in found if snoozed_until and step.due <= snoozed_until]
    return [*asleep[-1:], *found[len(asleep) :]]


def progress_words(*, told: int, of: int, ended: str | None) -> str:
    """Return in words how far a ladder has come, and why it is over where it is."""
    if ended is not None:
        steps = f"{told} of {of} steps" if of else f"{told} steps"
        return f"its ladder ended after {steps}: {ended}"
    if told >= of:
        return f"all {of} steps of its ladder were told"
    return f"step {told + 1} of {of} of its ladder comes next"


def why_ended(rule: Rule, lead: Lead) -> str:
    """Return in words why a rule's condition does not hold for the lead any more."""
    failure = rule.condition.first_failure(view_of_lead(lead))
    if failure is None:
        return "it is no lead any more"
    key = failure.key.partition(".")[0]
    if key == "taken_by" and lead.taken_by:
        return f"{lead.taken_by.name} took it"
    if key == "assignee" and lead.assignee:
        return f"{lead.assignee.name or lead.assignee.id} has it in BotPenguin"
    if key == "status" and lead.status:
        return f"its status is {lead.status}"
    return failure_words(failure)
