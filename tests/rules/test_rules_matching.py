from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_examples import (
    MONDAY_10,
    change,
    lead,
    load,
    new_lead,
    news,
    overdue,
    status_change,
)

from notifier.core.event_types import EventType
from notifier.core.events import Event
from notifier.rules.explaining import explain
from notifier.rules.matching import Timing, holds, match, settled
from notifier.rules.model import Ruleset

PLACES = """
windows:
  morning: {days: mon-fri, hours: "09:00-12:00", timezone: UTC}
  afternoon: {days: mon-fri, hours: "13:00-18:00", timezone: UTC}
destinations:
  sales: {type: console}
  crm: {type: console}
rules:
"""
AT_ONE = MONDAY_10.replace(hour=13)


def rules(text: str) -> Ruleset:
    return load(PLACES + text)


def claims(ruleset: Ruleset, event: Event) -> list[tuple[str, str]]:
    found = match(ruleset, event, at=MONDAY_10)
    return [(one.rule.name, one.destination) for one in found]


def test_only_rules_that_listen_to_the_type_match() -> None:
    ruleset = rules("""
  - {name: New, when: lead.created, send: sales}
  - {name: Changed, when: [lead.status_changed, lead.assigned], send: sales}
""")
    assert claims(ruleset, new_lead()) == [("New", "sales")]
    assert claims(ruleset, status_change("OPEN", "CLOSED")) == [("Changed", "sales")]
    assert claims(ruleset, change("city", "Pune", "Delhi")) == []


def test_the_first_rule_that_matches_claims_a_destination() -> None:
    ruleset = rules("""
  - {name: Nepal, when: lead.created, if: {country: Nepal}, send: sales}
  - {name: India, when: lead.created, if: {country: India}, send: sales}
  - {name: All, when: lead.created, send: [sales, crm]}
""")
    assert claims(ruleset, new_lead()) == [("India", "sales"), ("All", "crm")]


def test_a_disabled_rule_claims_nothing() -> None:
    ruleset = rules("""
  - {name: Off, when: lead.created, send: sales, enabled: false}
  - {name: On, when: lead.created, send: sales}
""")
    assert claims(ruleset, new_lead()) == [("On", "sales")]


def test_a_match_in_its_window_goes_out_now() -> None:
    ruleset = rules("  - {name: R, when: lead.created, send: sales, only: morning}")
    (one,) = match(ruleset, new_lead(), at=MONDAY_10)
    assert (one.timing, one.due_at) == (Timing.NOW, MONDAY_10)


def test_a_match_outside_its_window_is_held_until_it_opens_and_claims() -> None:
    ruleset = rules("""
  - {name: R, when: lead.created, send: sales, only: afternoon}
  - {name: S, when: lead.created, send: sales}
""")
    (one,) = match(ruleset, new_lead(), at=MONDAY_10)
    assert (one.rule.name, one.timing, one.due_at) == ("R", Timing.HOLD, AT_ONE)


def test_a_dropping_rule_is_recorded_and_passes_the_event_on() -> None:
    ruleset = rules("""
  - {name: R, when: lead.created, send: [sales, crm], only: afternoon, outside: drop}
  - {name: S, when: lead.created, send: sales}
""")
    found = match(ruleset, new_lead(), at=MONDAY_10)
    assert [(one.rule.name, one.destination, one.timing) for one in found] == [
        ("R", "sales", Timing.DROP),
        ("R", "crm", Timing.DROP),
        ("S", "sales", Timing.NOW),
    ]


def test_outside_its_window_a_rule_may_collect_until_it_opens() -> None:
    ruleset = rules(
        "  - {name: R, when: lead.created, send: sales, only: afternoon, outside: digest}"
    )
    (one,) = match(ruleset, new_lead(), at=MONDAY_10)
    assert (one.timing, one.due_at) == (Timing.DIGEST, AT_ONE)
    (inside,) = match(ruleset, new_lead(), at=AT_ONE)
    assert (inside.timing, inside.due_at) == (Timing.NOW, AT_ONE)


def test_a_digest_is_due_a_while_after_its_first_event() -> None:
    ruleset = rules("  - {name: R, when: lead.created, send: sales, digest: 1h}")
    (one,) = match(ruleset, new_lead(), at=MONDAY_10)
    assert (one.timing, one.due_at) == (Timing.DIGEST, MONDAY_10 + timedelta(hours=1))


def test_a_held_digest_begins_when_its_window_opens() -> None:
    ruleset = rules(
        "  - {name: R, when: lead.created, send: sales, digest: 1h, only: afternoon}"
    )
    (one,) = match(ruleset, new_lead(), at=MONDAY_10)
    assert (one.timing, one.due_at) == (Timing.DIGEST, AT_ONE + timedelta(hours=1))


SETTLING = """
  - {name: Phone, when: lead.created, if: {phone: {exists: true}}, settle: 2m, send: sales}
  - {name: Mail, when: lead.created, if: {email: {exists: true}}, send: sales}
  - {name: Rest, when: lead.created, send: [sales, crm]}
"""


def test_a_settling_rule_claims_before_anybody_knows_whether_it_matches() -> None:
    found = match(rules(SETTLING), new_lead(lead(phone=None)), at=MONDAY_10)
    assert [(one.rule.name, one.destination, one.timing) for one in found] == [
        ("Phone", "sales", Timing.SETTLE),
        ("Rest", "crm", Timing.NOW),
    ]
    assert found[0].due_at == MONDAY_10 + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("phone", "email", "rule"),
    [("+91", "a@b", "Phone"), (None, "a@b", "Mail"), (None, None, "Rest")],
)
def test_a_settled_lead_is_judged_as_it_is_then(
    phone: str | None, email: str | None, rule: str
) -> None:
    event = new_lead(lead(phone=phone, email=email))
    (one,) = settled(rules(SETTLING), event, rule="Phone", destination="sales", at=AT_ONE)
    assert (one.rule.name, one.timing, one.due_at) == (rule, Timing.NOW, AT_ONE)


def test_earlier_rules_have_no_second_chance_at_a_settled_lead() -> None:
    ruleset = rules("""
  - {name: Early, when: lead.created, if: {status: CLOSED}, send: sales}
  - {name: Late, when: lead.created, if: {status: OPEN}, settle: 2m, send: sales}
""")
    event = new_lead(lead(status="CLOSED"))
    assert settled(ruleset, event, rule="Late", destination="sales", at=AT_ONE) == ()
    assert settled(ruleset, event, rule="Gone", destination="sales", at=AT_ONE) == ()


OVERDUE = """
  - {name: Everything, when: lead.*, send: [sales, crm]}
  - {name: Late, for: 15m, if: {status: OPEN}, send: sales}
  - {name: Later, for: 30m, if: {status: OPEN}, send: sales}
"""


def test_an_overdue_event_is_first_of_all_its_own_rules() -> None:
    assert claims(rules(OVERDUE), overdue("Late")) == [("Late", "sales"), ("Everything", "crm")]


def test_an_overdue_event_of_a_removed_rule_has_no_rule_of_its_own() -> None:
    ruleset = rules("  - {name: Late, for: 15m, send: sales}")
    assert claims(ruleset, overdue("Gone")) == []


def test_a_timer_looks_at_leads_unless_it_names_the_type() -> None:
    ruleset = rules("""
  - {name: Leads, for: 15m, if: {status: OPEN}, send: sales}
  - {name: Both, for: 15m, if: {status: OPEN, type: [lead, non-lead]}, send: sales}
""")
    leads, both = ruleset.rules
    chat = lead(type="non-lead")
    assert holds(leads, lead())
    assert not holds(leads, lead(status="CLOSED"))
    assert not holds(leads, chat)
    assert holds(both, chat)
    assert both.types == {EventType.LEAD_OVERDUE, EventType.CHAT_OVERDUE}


def test_news_of_a_destination_never_goes_to_itself() -> None:
    ruleset = rules("  - {name: R, when: destination.*, send: [sales, crm]}")
    assert claims(ruleset, news(EventType.DESTINATION_DOWN, "sales")) == [("R", "crm")]


def test_explain_names_the_failing_key_and_who_came_first() -> None:
    ruleset = rules("""
  - {name: Changed, when: lead.status_changed, send: sales}
  - {name: Nepal, when: lead.created, if: {country: Nepal}, send: sales}
  - {name: India, when: lead.created, if: {country: India}, send: sales}
  - {name: All, when: lead.created, send: [sales, crm]}
""")
    changed, nepal, india, every = explain(ruleset, new_lead(), at=MONDAY_10)
    assert not changed.listens
    assert nepal.failure
    assert (nepal.failure.key, nepal.failure.wanted, nepal.failure.seen) == (
        "country",
        "Nepal",
        "India",
    )
    assert [one.destination for one in india.matches] == ["sales"]
    assert [one.destination for one in every.matches] == ["crm"]
    assert every.taken == {"sales": "India"}


COUNTRIES = st.sampled_from(["India", "Nepal", "Bhutan"])
RULE = st.builds(
    lambda country, send, extra: (
        f"when: lead.*, if: {{country: {country}}}, send: {send}{extra}"
    ),
    COUNTRIES,
    st.sampled_from(["sales", "crm", "[sales, crm]"]),
    st.sampled_from(
        ["", ", only: afternoon", ", only: afternoon, outside: drop", ", digest: 1h"]
    ),
)


@given(st.lists(RULE, min_size=1, max_size=6), COUNTRIES)
def test_a_destination_is_claimed_once_and_explain_agrees(
    texts: list[str], country: str
) -> None:
    lines = [f"  - {{name: R{number}, {text}}}" for number, text in enumerate(texts)]
    ruleset = rules("\n".join(lines))
    event = change("city", "a", "b", lead(country=country))
    found = match(ruleset, event, at=MONDAY_10)
    sent = [one.destination for one in found if one.timing is not Timing.DROP]
    assert len(sent) == len(set(sent))
    verdicts = explain(ruleset, event, at=MONDAY_10)
    assert [one for verdict in verdicts for one in verdict.matches] == list(found)
    assert all(
        bool(verdict.failure) is (verdict.rule.condition.written != f"{{country: {country}}}")
        for verdict in verdicts
    )
