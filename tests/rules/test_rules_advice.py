import pytest
from rules_examples import warnings

OPS = """
  - {name: Ops, when: [source.down, destination.down, delivery.dead], send: screen}
"""


def advice(rules: str, more: str = "") -> list[str]:
    return warnings(f"destinations: {{screen: {{type: console}}}}\n{more}\nrules:{OPS}{rules}")


def test_a_quiet_set_of_rules_has_no_warnings() -> None:
    assert advice("  - {name: R, when: lead.created, send: screen}") == []


def test_failures_that_nobody_would_learn_of_are_told() -> None:
    found = warnings("""
destinations: {screen: {type: console}}
rules: [{name: R, when: source.down, send: screen}]
""")
    assert found == [
        (
            "rules: no rule listens to destination.down, delivery.dead:"
            " nobody learns of a failure (add a rule with these under `when`)"
        )
    ]


def test_a_destination_that_nobody_uses_is_told() -> None:
    found = warnings(f"""
destinations:
  screen: {{type: console}}
  spare: {{type: console}}
rules:{OPS}""")
    assert found == ["rules.yaml:4:3: no rule sends to `spare`"]


def test_a_rule_below_one_that_claims_everything_is_told() -> None:
    found = advice("""
  - {name: All, when: lead.*, send: screen}
  - {name: Indian, when: lead.created, if: {country: India}, send: screen}
""")
    assert found == [
        (
            "rules.yaml:7:5: `Indian` never reaches `screen`: `All` above claims all its events"
            " (put the rule with the narrower `if` first)"
        )
    ]


def test_a_rule_below_one_with_the_same_condition_is_told() -> None:
    found = advice("""
  - {name: One, when: lead.*, if: {country: India}, send: screen}
  - {name: Two, when: lead.created, if: {country: India}, send: screen}
  - {name: Three, when: lead.created, if: {country: Nepal}, send: screen}
""")
    assert [fault.partition(": ")[2].partition(":")[0] for fault in found] == [
        "`Two` never reaches `screen`"
    ]


@pytest.mark.parametrize(
    ("condition", "warning"),
    [
        ("{status: CLOSE}", "`CLOSE` is not a usual status; did you mean `CLOSED`?"),
        ("{status: {not: [OPEN, Won]}}", "`Won` is not a usual status"),
        ("{type: nonlead}", "`nonlead` is not a usual type; did you mean `non-lead`?"),
        ("{last_message.by: visitor}", "`visitor` is not a usual last_message.by"),
    ],
)
def test_a_value_that_is_not_usual_is_told(condition: str, warning: str) -> None:
    (found,) = advice(f"  - {{name: R, when: lead.created, if: {condition}, send: screen}}")
    assert warning in found


def test_a_source_that_is_not_there_is_told() -> None:
    sources = "sources: {website: {bot_id: b, customer_id: c}}"
    rule = "  - {name: R, when: lead.created, if: {source: websit}, send: screen}"
    (found,) = advice(rule, sources)
    assert "`websit` is not a usual source; did you mean `website`?" in found


def test_rules_for_chats_that_no_source_reads_are_told() -> None:
    rule = "  - {name: R, when: chat.created, send: screen}"
    sources = "sources: {website: {bot_id: b, customer_id: c, types: [lead]}}"
    (found,) = advice(rule, sources)
    assert "`R` never matches: no source has the type it listens to" in found
    assert advice(rule, sources.replace("[lead]", "[lead, non-lead]")) == []
    assert advice(rule, "sources: {website: {bot_id: b, customer_id: c}}") == []


def test_agents_who_cannot_be_told_are_named() -> None:
    rule = "  - {name: R, when: lead.assigned, mention: assignee, send: screen}"
    (nobody,) = advice(rule)
    assert "messages to an assignee reach nobody" in nobody
    agents = "agents: {a: {name: Asha}, b: {slack: U024BE7LH}}"
    assert advice(rule, agents) == ["agents: agent `Asha` has no `slack` id to be told by"]


def test_agents_without_an_address_matter_where_mail_goes_to_assignees() -> None:
    found = warnings(f"""
agents: {{a: {{name: Asha, slack: U024BE7LH}}}}
destinations:
  screen: {{type: console}}
  mail: {{type: email, to: [assignee]}}
rules:{OPS}
  - {{name: R, when: lead.assigned, send: mail}}
""")
    assert found == ["agents: agent `Asha` has no `email` to be told by"]
