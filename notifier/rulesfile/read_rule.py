"""One entry of ``rules:`` → a :class:`Rule`, with every mistake in it reported."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from datetime import timedelta, tzinfo
from functools import partial

from notifier.core.event_types import RULE_TYPES, EventType
from notifier.messages.templates import MessageTemplate
from notifier.rules.conditions import Condition
from notifier.rules.digests import Digest, parse_digest
from notifier.rules.model import EscalationStep, Rule
from notifier.rules.windows import Window
from notifier.rulesfile.nodes import (
    Faults,
    Mark,
    Node,
    Scalar,
    Table,
    is_null,
    may_be_meant,
    meant,
)
from notifier.rulesfile.options import RuleOptions
from notifier.rulesfile.places import Places
from notifier.rulesfile.read_condition import read_condition
from notifier.rulesfile.read_escalation import never_comes, read_escalation
from notifier.rulesfile.read_message import read_message
from notifier.rulesfile.references import References, read_text, scalars
from notifier.rulesfile.rule_slips import real_rules
from notifier.rulesfile.validate import validated

WILDCARDS = {
    f"{subject}.*": frozenset(
        event_type for event_type in RULE_TYPES if event_type.startswith(f"{subject}.")
    )
    for subject in sorted({event_type.partition(".")[0] for event_type in RULE_TYPES})
}
CREATED = frozenset({EventType.LEAD_CREATED, EventType.CHAT_CREATED})
CHANGE_SUFFIXES = ("status_changed", "assigned", "reassigned", "unassigned")
EVENT_TYPES = tuple(event_type.value for event_type in RULE_TYPES)
OF_LEADS = ", ".join(
    event_type for event_type in ("lead.*", *EVENT_TYPES) if not event_type.startswith("chat.")
)
TYPES = f"there is {OF_LEADS}; of non-leads chat. in place of lead."
STATUSES = ("closed", "open", "review", "onhold", "inprogress")
SAID_FOR = {
    "created": ("new", "added", "add", "create", "arrived", "started", "received"),
    "status_changed": ("status", "status_change", "opened", "reopened", "won", *STATUSES),
    "updated": ("changed", "change", "edited", "modified", "update"),
    "message": ("messages", "replied", "reply", "answered", "chat"),
    "assigned": ("owner", "assign"),
    "taken": ("take", "claimed", "picked_up"),
    "released": ("release", "untaken"),
    "snoozed": ("snooze",),
}
UNSEEN = ("deleted", "removed", "lost")  # no event tells of it, however near its name is
RULE_KEYS = tuple(field.alias or name for name, field in RuleOptions.model_fields.items())
NEEDS = {"repeat": "for", "clock": "for", "escalate": "for", "outside": "only"}


def read_rules(
    nodes: Iterable[Node],
    references: References,
    *,
    places: Places,
    timezone: tzinfo,
    faults: Faults,
) -> tuple[Rule, ...]:
    """Return the rules in file order; two of one name are a fault."""
    reader = _Reader(references, places, timezone, faults)
    return tuple(
        rule for node in real_rules(nodes, RULE_KEYS, faults) if (rule := reader.rule(node))
    )


class _Reader:
    def __init__(
        self, references: References, places: Places, timezone: tzinfo, faults: Faults
    ) -> None:
        self._references = references
        self._places = places
        self._timezone = timezone
        self._faults = faults

    def rule(self, node: Node) -> Rule | None:
        options = validated(RuleOptions, node, at=node.at, what="rule", faults=self._faults)
        if not isinstance(node, Table):
            return None
        self._references.check_name(node, "rule")
        when = self._when(node)
        self._check_together(node, when)
        condition = self._condition(node, when)
        types = when or {EventType.LEAD_OVERDUE}
        message = self._message(node.get("message"), types)
        digest = self._digest(node.get("digest"))
        window = self._references.window
        clock, only = window(node, "clock"), window(node, "only")
        self._references.check_send(node)
        steps = self._steps(node, types, clock)
        if options is None:
            return None
        self._check_due(node, options.for_, clock)
        return Rule(
            name=options.name,
            when=when,
            condition=condition,
            for_=options.for_,
            repeat=options.repeat,
            clock=clock,
            send=tuple(dict.fromkeys(options.send)),
            escalate=steps,
            message=message,
            digest=digest,
            settle=options.settle,
            only=only,
            outside=options.outside,
            mention=options.mention,
            broadcast=options.broadcast,
            enabled=options.enabled,
            where=str(node.at),
        )

    def _when(self, node: Table) -> frozenset[EventType]:
        found: set[EventType] = set()
        for scalar in scalars(node.get("when")):
            if scalar.text in WILDCARDS:
                found |= WILDCARDS[scalar.text]
            elif scalar.text in EVENT_TYPES:
                found.add(EventType(scalar.text))
            elif not scalar.unresolved and not self._references.is_list(
                scalar, "when", EVENT_TYPES
            ):
                self._report_type(scalar)
        return frozenset(found)

    def _steps(
        self, node: Table, types: AbstractSet[EventType], clock: Window | None
    ) -> tuple[EscalationStep, ...]:
        found = node.get("escalate")
        return read_escalation(
            found, self._references, types=types, clock=clock, faults=self._faults
        )

    def _condition(self, node: Table, when: frozenset[EventType]) -> Condition:
        is_timer = not is_null(node.get("for"))
        return read_condition(
            node.get("if"),
            faults=self._faults,
            no_change=_no_change(when, is_timer=is_timer),
            sources=[spec.source.name for spec in self._places.sources],
            types=when,
        )

    def _report_type(self, scalar: Scalar) -> None:
        near, remedy = _type_meant(scalar.text)
        problem = f"`{scalar.written}` is not an event type{near}"
        self._faults.add(scalar.at, problem, remedy if near else TYPES)

    def _check_together(self, node: Table, when: frozenset[EventType]) -> None:
        given = {key.text for key, value in node.entries if not is_null(value)}
        if {"for", "when"} <= given:
            self._faults.add(_place(node, "when"), "`when` and `for` exclude each other")
        is_there = any(may_be_meant(node, key, RULE_KEYS) for key in ("when", "for"))
        if not {"for", "when"} & given and not is_there:
            self._faults.add(node.at, "`when` is missing", "or `for`, with a duration")
        for key, needed in NEEDS.items():
            if key in given and needed not in given:
                self._faults.add(_place(node, key), f"`{key}` works only with `{needed}`")
        if "settle" in given and ("for" in given or not when <= CREATED):
            self._faults.add(
                _place(node, "settle"), "`settle` works only with lead.created and chat.created"
            )

    def _check_due(self, node: Table, wait: timedelta | None, clock: Window | None) -> None:
        if wait and never_comes(wait, clock):
            self._faults.add(_place(node, "for"), "`for` never comes due in that window")

    def _message(
        self, node: Node | None, types: AbstractSet[EventType]
    ) -> MessageTemplate | None:
        if not isinstance(node, Table):
            return None
        return read_message(node, types=types, faults=self._faults)

    def _digest(self, node: Node | None) -> Digest | None:
        if not isinstance(node, Scalar) or node.null or node.unresolved:
            return None
        return read_text(
            node, "digest", partial(parse_digest, timezone=self._timezone), self._faults
        )


def _type_meant(text: str) -> tuple[str, str]:
    """Return what was meant by the name of an event type, or nothing, and how to mend it."""
    subject, _, what = text.casefold().partition(".")
    if f"{subject}.*" not in WILDCARDS or not what:
        return meant(text, (*EVENT_TYPES, *WILDCARDS)), ""
    for name, words in SAID_FOR.items():
        if what in words:
            status = f"with `if: {{to: {what.upper()}}}`" if what in STATUSES else ""
            return f"; did you mean `{subject}.{name}`?", status
    if what in UNSEEN:
        return "", ""
    near = meant(
        what,
        [event_type.partition(".")[2] for event_type in EVENT_TYPES if subject in event_type],
    )
    return near.replace("mean `", f"mean `{subject}."), ""


def _place(node: Table, key: str) -> Mark:
    name = node.key(key)
    return name.at if name else node.at


def _no_change(when: frozenset[EventType], *, is_timer: bool) -> str:
    if is_timer:
        return "a rule with `for` looks at what a lead is, not at what changed"
    if when and not any(event_type.endswith(CHANGE_SUFFIXES) for event_type in when):
        return f"{', '.join(sorted(when))} changes neither status nor assignee"
    return ""
