"""The whole decision: two readings of a lead → what is told to whom."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from notifier.configuration.destinations import kinds
from notifier.core.mutes import Mutes
from notifier.core.outcome import State
from notifier.core.records import Agent, Lead
from notifier.plan import Plan, announces, lane_key, plan
from notifier.rulesfile.load import load_rules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEAD = Lead(
    id="l1", source="website", bot_id="b1", customer_id="c1", name="Meera", status="OPEN"
)
CLOSED = msgspec.structs.replace(LEAD, status="CLOSED", assignee=Agent(id="a1"))
RULES = """
destinations:
  screen: {type: console}
  team: {type: slack, webhook_url: "https://hooks.example.com/x"}
  crm: {type: webhook, url: "https://crm.example.com/hook", secret: "SECRET"}
rules:
  - name: New
    when: lead.created
    send: [screen, crm]
  - name: Closed
    when: [lead.status_changed, lead.assigned]
    send: [team, crm]
    message: {title: "{{ lead.name }} moved"}
  - name: Everything
    when: lead.*
    send: team
""".replace("SECRET", "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u")
NO_MUTES = Mutes()
NEVER = "0001-01-01T00:00:00.000Z"


def decide(
    before: Lead | None, after: Lead, *, mutes: Mutes = NO_MUTES, news: bool = True
) -> Plan:
    """Return the plan for two readings under :data:`RULES`."""
    rules = load_rules([("rules.yaml", RULES)], lookup=lambda _: None, kinds=kinds())
    return plan(before, after, rules, at=NOON, mutes=mutes, announce=news)


def sent(decided: Plan) -> list[tuple[str, str, str]]:
    """Return type, rule and destination of every delivery."""
    return [
        (one.event.type.value, delivery.rule, delivery.destination)
        for one in decided.told
        for delivery in one.deliveries
    ]


def test_a_new_lead_goes_where_its_rules_say() -> None:
    assert sent(decide(None, LEAD)) == [
        ("lead.created", "New", "screen"),
        ("lead.created", "New", "crm"),
        ("lead.created", "Everything", "team"),
    ]


def test_a_silent_baseline_tells_nothing() -> None:
    assert decide(None, LEAD, news=False) == Plan(changes=(), told=(), timers=())


def test_an_unchanged_lead_tells_nothing() -> None:
    assert decide(LEAD, LEAD).told == ()


def test_the_first_rule_that_matches_claims_a_destination() -> None:
    destinations = [(rule, name) for _, rule, name in sent(decide(LEAD, CLOSED))]
    assert ("Everything", "team") not in destinations
    assert destinations.count(("Closed", "team")) == 2


def test_people_get_one_lead_at_one_moment_as_one_message_and_programs_do_not() -> None:
    deliveries = [d for one in decide(LEAD, CLOSED).told for d in one.deliveries]
    bundles = {
        name: len({d.bundle for d in deliveries if d.destination == name})
        for name in ("team", "crm")
    }
    assert bundles == {"team": 1, "crm": 2}


def test_a_conversion_is_told_as_created_alone() -> None:
    chat = msgspec.structs.replace(LEAD, type="non-lead")
    (one,) = decide(chat, CLOSED).told
    assert one.event.type.value == "lead.created"
    assert one.event.data.converted


def test_a_muted_rule_claims_and_skips() -> None:
    decided = decide(LEAD, CLOSED, mutes=Mutes(rules=frozenset({"Closed"})))
    states = {(d.rule, d.state, d.reason) for one in decided.told for d in one.deliveries}
    assert states == {("Closed", State.SKIPPED, "muted")}


def test_a_webhook_has_no_words_and_slack_has_its_rules() -> None:
    (status, *_) = decide(LEAD, CLOSED).told
    words = {d.destination: d.text.title if d.text else None for d in status.deliveries}
    assert words == {"team": "Meera moved", "crm": None}


@pytest.mark.parametrize(
    ("created_at", "first_run", "is_new"),
    [
        ("2026-03-02T12:00:01.000Z", timedelta(0), True),
        ("2026-03-02T11:59:59.000Z", timedelta(0), False),
        ("2026-03-01T13:00:00.000Z", timedelta(days=1), True),
        ("2026-03-01T11:00:00.000Z", timedelta(days=1), False),
        ("2020-01-01T00:00:00.000Z", None, True),
        (None, timedelta(days=1), False),
        (None, None, True),
    ],
)
def test_a_baseline_announces_what_is_young_enough(
    created_at: str | None, first_run: timedelta | None, *, is_new: bool
) -> None:
    lead = msgspec.structs.replace(LEAD, created_at=created_at)
    assert announces(lead, first_run=first_run, baseline_from=NOON) == is_new


@pytest.mark.parametrize("created_at", [None, NEVER, "2026-03-02T11:59:59.000Z"])
@pytest.mark.parametrize("year", [1, 2, 9999])
def test_an_upstream_without_a_clock_announces_without_fail(
    created_at: str | None, year: int
) -> None:
    lead = msgspec.structs.replace(LEAD, created_at=created_at)
    clock = datetime(year, 1, 1, tzinfo=UTC)
    found = announces(lead, first_run=timedelta(days=3650), baseline_from=clock)
    assert found == (year != 9999 and created_at not in (None, NEVER))


def test_order_is_kept_by_bot_and_lead() -> None:
    (one,) = decide(None, LEAD).told
    assert lane_key(one.event) == "b1/l1"


def test_a_template_that_wants_too_much_costs_its_own_words_alone() -> None:
    wide = "{{ [[[['x' * 1000] * 100] * 100] * 100] * 100 if lead.tags | length > 3 }}"
    text = RULES.replace("{{ lead.name }} moved", wide)
    rules = load_rules([("rules.yaml", text)], lookup=lambda _: None, kinds=kinds())
    tagged = msgspec.structs.replace(CLOSED, tags=("a", "b", "c", "d"), assignee=None)
    (told, _) = plan(LEAD, tagged, rules, at=NOON, mutes=NO_MUTES).told
    (team, *_) = told.deliveries
    assert team.text is not None
    assert team.text.title.endswith("Meera: OPEN → CLOSED")
    assert team.template_fault is not None
    assert team.template_fault.startswith("title, line 1: it does too much")
