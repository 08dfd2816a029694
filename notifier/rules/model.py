"""What the rules files say, once they are known to be right."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import SecretStr

from notifier.core.event_types import OVERDUE, EventType
from notifier.core.records import Agent, Source
from notifier.errors import Fault
from notifier.messages.templates import MessageTemplate
from notifier.rules.conditions import Condition
from notifier.rules.destinations import DestinationOptions
from notifier.rules.digests import Digest
from notifier.rules.reports import ReportSpec
from notifier.rules.windows import Window


class Outside(StrEnum):
    """What becomes of a match outside the rule's ``only`` window."""

    HOLD = "hold"
    DIGEST = "digest"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One bot to poll.

    ``token`` is ``None`` and ``types`` empty where the settings' own apply.
    """

    source: Source
    token: SecretStr | None = None
    types: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationSpec:
    """A named destination; ``options`` is of the class ``traits``, that of its ``kind``.

    Where rules are read without their secrets ``options`` may have the shared ones alone;
    what the kind is, ``traits`` knows all the same.
    """

    name: str
    kind: str
    traits: type[DestinationOptions]
    options: DestinationOptions
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """A further telling of an overdue lead, so long after the first.

    What it does not say is the rule's own.
    """

    after: timedelta
    send: tuple[str, ...]
    mention: str | None = None
    message: MessageTemplate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which events go where, saying what, and when.

    ``when`` is empty exactly where ``for_`` (the key ``for``) is given: then
    ``condition`` must hold that long, counted in the hours of ``clock``; the steps of
    ``escalate`` follow, the earliest first.
    ``where`` is ``file:line:column``.
    """

    name: str
    when: frozenset[EventType] = frozenset()
    condition: Condition = field(default_factory=Condition)
    for_: timedelta | None = None
    repeat: timedelta | None = None
    clock: Window | None = None
    send: tuple[str, ...]
    escalate: tuple[EscalationStep, ...] = ()
    message: MessageTemplate | None = None
    digest: Digest | None = None
    settle: timedelta | None = None
    only: Window | None = None
    outside: Outside = Outside.HOLD
    mention: str | None = None
    broadcast: bool | None = None
    enabled: bool = True
    where: str = ""

    @property
    def types(self) -> frozenset[EventType]:
        """The types of the events this rule can send."""
        if self.for_ is None:
            return self.when
        if self.condition.names("type"):
            return OVERDUE
        return frozenset({EventType.LEAD_OVERDUE})

    @property
    def destinations(self) -> tuple[str, ...]:
        """Where it sends to, its steps included, each once."""
        steps = (name for step in self.escalate for name in step.send)
        return tuple(dict.fromkeys((*self.send, *steps)))

    def after(self, start: datetime, duration: timedelta) -> datetime:
        """Return when so much of the time that counts for the rule has passed."""
        return self.clock.due(start, duration) if self.clock else start + duration

    def at_step(self, number: int) -> "Rule":
        """Return the rule as it tells of its step of this number, from 1; 0 is itself.

        Where it has fewer steps by now it is the last of them.
        """
        if not number or not self.escalate:
            return self
        step = self.escalate[min(number, len(self.escalate)) - 1]
        return replace(
            self,
            send=step.send,
            mention=step.mention or self.mention,
            message=step.message or self.message,
            escalate=(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """All files merged; ``rules`` in file order, which decides who claims an event."""

    sources: tuple[SourceSpec, ...] = ()
    agents: Mapping[str, Agent] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    destinations: Mapping[str, DestinationSpec] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    reports: tuple[ReportSpec, ...] = ()
    warnings: tuple[Fault, ...] = ()
    listening: Mapping[EventType, tuple[Rule, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        listening = {
            event_type: tuple(
                rule for rule in self.rules if rule.enabled and event_type in rule.when
            )
            for event_type in EventType
        }
        object.__setattr__(self, "listening", listening)

    def rule(self, name: str) -> Rule | None:
        """Return the rule of this name."""
        return next((rule for rule in self.rules if rule.name == name), None)
