"""Rules and rule tests as texts, read and played."""

from notifier.configuration.destinations import limits
from notifier.rehearsal.play import Difference, play
from notifier.rehearsal.read_script import read_scripts
from notifier.rehearsal.script import Script
from notifier.rulesfile.document import read_document
from notifier.rulesfile.nodes import Faults
from support.rules import ruleset

RULES = """
agents:
  a1: {name: Asha Rao, slack: U024BE7LH}
windows:
  office: {days: mon-fri, hours: "09:00-18:00", timezone: Asia/Kolkata}
destinations:
  sales: {type: slack, channel: "#sales"}
  crm: {type: webhook, url: "https://crm.example.com/hook", secret: "${CRM_SECRET}"}
  owner: {type: slack, channel: assignee}
  managers: {type: email, to: boss@example.com}
rules:
  - {name: New, when: lead.created, if: {country: India}, send: [sales, crm]}
  - {name: Yours, when: lead.assigned, send: owner}
  - {name: Closed, when: lead.status_changed, if: {to: CLOSED}, send: managers, digest: 1h}
  - {name: Waits, if: {status: OPEN, assignee: null}, for: 15m, send: managers}
  - {name: Budget, when: lead.updated, if: {attributes.Budget: {gte: 1000}}, send: sales}
  - {name: Chat, when: chat.created, send: sales}
  - {name: Says, when: lead.message, if: {last_message.by: user}, send: sales}
  - {name: Trouble, when: [source.down, destination.down], send: [sales, managers]}
"""
ONE = "tests:\n  - name: a test\n    at: 2026-03-02T10:00+05:30\n"


def scripts(text: str, faults: Faults, rules: str = RULES) -> tuple[Script, ...]:
    document = read_document("t.test.yaml", text, lookup=lambda _: None, faults=faults)
    assert document is not None
    found = ruleset(rules)
    return read_scripts(document, rules=lambda _: found, faults=faults)


def played(body: str, *, rules: str = RULES) -> Difference | None:
    """Return how the test ends whose keys but for name and start are ``body``."""
    faults = Faults()
    text = ONE + "".join(f"    {line}\n" for line in body.splitlines())
    (script,) = scripts(text, faults, rules)
    assert faults.faults() == ()
    return play(script, limits(script.rules)).difference


def faults_of(text: str) -> list[str]:
    faults = Faults()
    scripts(text, faults)
    return [str(fault) for fault in faults.faults()]
