"""The list under a rule's ``escalate`` → its steps, with every mistake in it reported."""

from collections.abc import Collection
from datetime import timedelta
from itertools import pairwise

from notifier.core.event_types import EventType
from notifier.rules.model import EscalationStep
from notifier.rules.windows import Window
from notifier.rulesfile.nodes import Faults, Node, Series, Table, is_null
from notifier.rulesfile.options import StepOptions
from notifier.rulesfile.read_message import read_message
from notifier.rulesfile.references import References
from notifier.rulesfile.validate import validated

WEEK = timedelta(days=7)
LONGEST = timedelta(days=3650)
EXAMPLE = "write [{after: 10m, send: managers}]"


def read_escalation(
    node: Node | None,
    references: References,
    *,
    types: Collection[EventType],
    clock: Window | None,
    faults: Faults,
) -> tuple[EscalationStep, ...]:
    """Return the steps, the earliest first; ``types`` are the events that they tell."""
    if node is None or is_null(node):
        return ()
    if isinstance(node, Table):
        faults.add(node.at, "`escalate` is a list of steps", "begin each of them with `- `")
        return ()
    if not isinstance(node, Series) or not node.entries:
        faults.add(node.at, "`escalate` is a list of steps", EXAMPLE)
        return ()
    found = [_step(one, references, types, faults) for one in node.entries]
    steps = [(one, step) for one, step in zip(node.entries, found, strict=True) if step]
    for (_, before), (entry, step) in pairwise(steps):
        if step.after <= before.after:
            faults.add(
                _after_of(entry).at,
                "`after`: a step comes later than the one before it",
                "each `after` counts from the first message",
            )
    for entry, step in steps:
        if never_comes(step.after, clock):
            faults.add(_after_of(entry).at, "`after` never comes due in that window")
    return tuple(step for _, step in steps)


def never_comes(wait: timedelta, clock: Window | None) -> bool:
    """Say whether so much time of a window takes longer than anybody waits."""
    return clock is not None and wait / clock.weekly() * WEEK > LONGEST


def _step(
    node: Node, references: References, types: Collection[EventType], faults: Faults
) -> EscalationStep | None:
    options = validated(StepOptions, node, at=node.at, what="step", faults=faults)
    if not isinstance(node, Table):
        return None
    references.check_send(node)
    message = node.get("message")
    words = (
        read_message(message, types=types, faults=faults)
        if isinstance(message, Table)
        else None
    )
    if options is None:
        return None
    return EscalationStep(
        after=options.after,
        send=tuple(dict.fromkeys(options.send)),
        mention=options.mention,
        message=words,
    )


def _after_of(entry: Node) -> Node:
    return (entry.get("after") if isinstance(entry, Table) else None) or entry
