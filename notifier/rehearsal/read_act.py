"""``act:`` in a step of a rule test → what somebody does about the lead."""

from notifier.core.acts import Release, Take
from notifier.core.people import Person
from notifier.rehearsal import options
from notifier.rehearsal.script import Acted
from notifier.rules.model import Ruleset
from notifier.rulesfile.nodes import Faults, Node, Scalar, Table
from notifier.rulesfile.validate import validated

SAID: dict[str, Take | Release] = {"take": Take(), "release": Release()}
EXAMPLES = "write {take: AGENT_ID}, {release: AGENT_ID} or {snooze: 1h}"
SOMEBODY = Person(name="somebody")


def read_act(node: Node | None, rules: Ruleset, faults: Faults) -> Acted | None:
    """Return the act; ``take`` and ``release`` name who it is, by an agent's id or a name."""
    if node is None:
        return None
    if isinstance(node, Scalar) and node.text in SAID:
        return Acted(wanted=SAID[node.text], by=SOMEBODY)
    if not isinstance(node, Table) or len(node.entries) != 1:
        faults.add(node.at, "`act` is one thing that somebody does", EXAMPLES)
        return None
    found = validated(options.Acted, node, at=node.at, what="act", faults=faults)
    act = _acted(found, rules) if found else None
    if found and act is None:
        faults.add(node.at, "`act` does not say who, or how long", EXAMPLES)
    return act


def _acted(found: options.Acted, rules: Ruleset) -> Acted | None:
    if found.snooze is not None:
        return Acted(wanted=found.snooze, by=SOMEBODY)
    who = found.take or found.release
    if who is None:
        return None
    return Acted(wanted=Take() if found.take else Release(), by=_person(who, rules))


def _person(said: str, rules: Ruleset) -> Person:
    agent = rules.agents.get(said)
    if agent is None:
        return Person(agent=said, name=said)
    return Person(agent=agent.id, name=agent.name or agent.id, slack=agent.slack)
