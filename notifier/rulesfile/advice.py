"""What is allowed in a set of rules but probably not meant; ``check`` prints it."""

from collections.abc import Iterator

from notifier.core.event_types import EventType
from notifier.core.records import LEAD, NON_LEAD
from notifier.errors import Fault
from notifier.rules.model import Outside, Rule, Ruleset

ALARMS = (EventType.SOURCE_DOWN, EventType.DESTINATION_DOWN, EventType.DELIVERY_DEAD)
ASSIGNEES = frozenset({"assignee", "previous_assignee"})


def advice(ruleset: Ruleset) -> Iterator[Fault]:
    """Yield a warning for all that can never send, never reach anybody or never alarm."""
    yield from _asleep(ruleset)
    yield from _unheard(ruleset)
    yield from _unused(ruleset)
    yield from _unpolled(ruleset)
    yield from _shadowed(ruleset)
    yield from _endless(ruleset)
    yield from _unknown_agents(ruleset)


def _asleep(ruleset: Ruleset) -> Iterator[Fault]:
    if not any(rule.enabled for rule in ruleset.rules):
        yield Fault(
            where="rules",
            problem="every rule is switched off: nobody is told of anything",
            remedy="remove `enabled: false` where a rule is to work",
        )


def _unheard(ruleset: Ruleset) -> Iterator[Fault]:
    missing = [kind for kind in ALARMS if not ruleset.listening[kind]]
    if missing:
        yield Fault(
            where="rules",
            problem=f"no rule listens to {', '.join(missing)}: nobody learns of a failure",
            remedy="add a rule with these under `when`",
        )


def _unused(ruleset: Ruleset) -> Iterator[Fault]:
    sending = [rule.destinations for rule in ruleset.rules] + [
        one.send for one in ruleset.reports
    ]
    used = {name for names in sending for name in names}
    for spec in ruleset.destinations.values():
        if spec.name not in used:
            yield Fault(where=spec.where, problem=f"no rule sends to `{spec.name}`")


def _unpolled(ruleset: Ruleset) -> Iterator[Fault]:
    if not ruleset.sources or not all(spec.types for spec in ruleset.sources):
        return
    polled = {kind for spec in ruleset.sources for kind in spec.types}
    subjects = {LEAD: "lead.", NON_LEAD: "chat."}
    silent = tuple(subjects[kind] for kind in subjects if kind not in polled)
    for rule in ruleset.rules:
        if silent and rule.types and all(kind.startswith(silent) for kind in rule.types):
            yield Fault(
                where=rule.where,
                problem=f"`{rule.name}` never matches: no source has the type it listens to",
                remedy="add the type to a source's `types`",
            )


def _shadowed(ruleset: Ruleset) -> Iterator[Fault]:
    enabled = [rule for rule in ruleset.rules if rule.enabled and rule.when]
    for number, rule in enumerate(enabled):
        for name in rule.send:
            above = next((one for one in enabled[:number] if _takes_all(one, rule, name)), None)
            if above:
                yield Fault(
                    where=rule.where,
                    problem=f"`{rule.name}` never reaches `{name}`: "
                    f"`{above.name}` above claims all its events",
                    remedy="put the rule with the narrower `if` first",
                )


def _endless(ruleset: Ruleset) -> Iterator[Fault]:
    for rule in ruleset.rules:
        if rule.enabled and rule.escalate and not rule.condition.names("taken_by"):
            yield Fault(
                where=rule.where,
                problem=f"`{rule.name}` escalates on when somebody has taken the lead",
                remedy="add `taken_by: null` to its `if`",
            )


def _takes_all(above: Rule, rule: Rule, destination: str) -> bool:
    return (
        destination in above.send
        and rule.when <= above.when
        and above.condition.written in ("{}", rule.condition.written)
        and not (above.only and above.outside is Outside.DROP)
    )


def _unknown_agents(ruleset: Ruleset) -> Iterator[Fault]:
    options = [spec.options for spec in ruleset.destinations.values()]
    mentions = [rule.mention for rule in ruleset.rules] + [one.mention for one in options]
    mentions += [step.mention for rule in ruleset.rules for step in rule.escalate]
    channels = [getattr(one, "channel", None) for one in options]
    recipients = [getattr(one, "to", None) or () for one in options]
    needs_slack = "assignee" in mentions or "assignee" in channels
    needs_email = any(ASSIGNEES.intersection(map(str, to)) for to in recipients)
    if (needs_slack or needs_email) and not ruleset.agents:
        yield Fault(
            where="agents",
            problem="messages to an assignee reach nobody: no agent is described",
            remedy="add `agents` with their Slack ids or mail addresses",
        )
    for agent in ruleset.agents.values():
        who = f"agent `{agent.name or agent.id}`"
        if needs_slack and not agent.slack:
            yield Fault(where="agents", problem=f"{who} has no `slack` id to be told by")
        if needs_email and not agent.email:
            yield Fault(where="agents", problem=f"{who} has no `email` to be told by")
