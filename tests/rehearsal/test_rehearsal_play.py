import pytest
from rehearsals import RULES, played

INDIAN = "lead: {name: Asha, country: India}\n"


def test_a_lead_enters_when_the_test_begins() -> None:
    assert played(INDIAN + "steps: [{expect: [{rule: New, to: [sales, crm]}]}]") is None


def test_without_destinations_a_rules_own_are_meant() -> None:
    assert played(INDIAN + "steps: [{expect: [{rule: New}]}]") is None


def test_what_is_left_out_of_a_lead_is_filled_in() -> None:
    assert played("steps: [{after: 15m, expect: [{rule: Waits, says: A visitor}]}]") is None


def test_time_passes_before_the_change_and_the_change_comes_before_the_look() -> None:
    story = """
lead: {country: Nepal}
steps:
  - {after: 14m, change: {assignee: a1}, expect: [{rule: Yours, to: owner}]}
  - {after: 1d, expect: []}
"""
    assert played(story) is None


def test_a_look_sees_what_came_since_the_look_before() -> None:
    story = """
steps:
  - after: 20m
  - change: {status: CLOSED}
  - after: 59m
    expect: [{rule: Waits, to: managers}]
  - after: 1m
    expect: [{rule: Closed, says: [Closed, A visitor]}]
"""
    assert played(story) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("{attributes: {Budget: 5000}}", "[{rule: Budget}]"),
        ("{attributes.Budget: 5000}", "[{rule: Budget}]"),
        ("{attributes.Budget: 50}", "[]"),
        ("{last_message: How much?}", "[{rule: Says, says: How much?}]"),
        ("{last_message: {by: bot, text: Hi}}", "[]"),
        ("{last_message.text: R&D <now>}", "[{rule: Says, says: R&D <now>}]"),
        ("{name: Ravi, visits: 7, online: false}", "[]"),
        ("{assignee: {id: a1, name: Someone}}", "[{rule: Yours}]"),
        ("{assignee: unknown}", "[]"),
        ("{status: null}", "[]"),
    ],
)
def test_a_change_is_read_as_the_listing_would_tell_it(change: str, expected: str) -> None:
    steps = f"steps:\n  - change: {change}\n    expect: {expected}"
    assert played("lead: {country: Nepal}\n" + steps) is None


def test_two_messages_at_one_moment_are_two() -> None:
    story = """
lead: {country: Nepal, last_message: {by: bot, text: Hi}}
steps:
  - {change: {last_message: One}, expect: [{rule: Says, says: One}]}
  - {change: {last_message: Two}, expect: [{rule: Says, says: Two}]}
"""
    assert played(story) is None


def test_attributes_are_merged_by_name() -> None:
    story = """
lead: {attributes: {Budget: 500, Seats: 3}, country: Nepal}
steps:
  - {change: {attributes: {Seats: null}}, expect: []}
  - {change: {attributes: {Budget: 2000}}, expect: [{rule: Budget}]}
"""
    assert played(story) is None


def test_a_chat_converts_to_a_new_lead() -> None:
    story = """
lead: {type: non-lead, country: India}
steps:
  - expect: [{rule: Chat}]
  - {change: {type: lead}, expect: [{rule: New, to: [sales, crm]}]}
"""
    assert played(story) is None


def test_of_a_webhook_the_envelope_is_what_it_says() -> None:
    story = """steps: [{expect: [
  {rule: New, to: sales},
  {rule: New, to: crm, says: ['"type":"lead.created"', '"source":"default"']}]}]"""
    assert played(INDIAN + story) is None


@pytest.mark.parametrize(
    ("lead", "says"),
    [
        ("{}", '"source":"website","bot_id":"b1"'),
        ("{source: shop}", '"source":"shop","bot_id":"b2","customer_id":"c2"'),
        ("{uuid: u1}", '"url":"https://app.example.com/u1"'),
        ("{url: https://elsewhere.example.com}", '"url":"https://elsewhere.example.com"'),
    ],
)
def test_a_lead_comes_from_the_named_source_else_from_the_first(lead: str, says: str) -> None:
    sources = """
sources:
  website: {bot_id: b1, customer_id: c1, inbox_url: "https://app.example.com/{uuid}"}
  shop: {bot_id: b2, customer_id: c2}
"""
    steps = f"steps: [{{expect: [{{rule: All, says: '{says}'}}]}}]"
    rules = (
        "destinations: {crm: {type: webhook, url: 'https://crm.example.com', secret: '${S}'}}\n"
        "rules: [{name: All, when: lead.created, send: crm}]\n"
    )
    assert played(f"lead: {lead}\n{steps}", rules=sources + rules) is None


def test_trouble_reaches_all_but_its_own_destination() -> None:
    story = """
lead: null
steps:
  - event: {type: source.down, about: default, reason: no answer}
    expect: [{rule: Trouble, to: [sales, managers], says: no answer}]
  - event: {type: destination.down, about: sales}
    expect: [{rule: Trouble, to: managers}]
"""
    assert played(story) is None


def test_a_difference_names_what_is_missing_surplus_and_right() -> None:
    story = "steps: [{expect: [{rule: New, to: sales, says: Ravi}, {rule: New, to: crm}]}]"
    found = played(INDIAN + story)
    assert found is not None
    assert (found.step, found.where) == (1, "t.test.yaml:5:13")
    assert [(one.rule, one.to, one.says) for one in found.missing] == [
        ("New", "sales", ("Ravi",))
    ]
    assert [(one.to, one.title) for one in found.surplus] == [
        ("sales", "New lead: Asha, India")
    ]
    assert [(one.to, one.title) for one in found.right] == [("crm", "lead.created")]


def test_nothing_else_may_be_sent() -> None:
    found = played(INDIAN + "steps: [{expect: []}]")
    assert found is not None
    assert [one.to for one in found.surplus] == ["sales", "crm"]


def test_a_message_fulfils_one_expectation_and_the_most_particular_one() -> None:
    twice = "[{rule: New, to: sales}, {rule: New, to: sales, says: Asha}, {rule: New, to: crm}]"
    found = played(INDIAN + f"steps: [{{expect: {twice}}}]")
    assert found is not None
    assert [(one.to, one.says) for one in found.missing] == [("sales", ())]


def test_a_test_ends_with_its_first_difference() -> None:
    story = "steps: [{expect: []}, {expect: [{rule: Waits}]}]"
    found = played(INDIAN + story)
    assert found is not None
    assert found.step == 1


def test_a_lead_may_have_what_stands_for_no_time() -> None:
    story = """
lead: {country: India, created_at: "0001-01-01T00:00:00+05:30"}
steps:
  - expect: [{rule: New}]
  - change: {last_message: {at: "9999-12-31T23:59:59Z", text: Hi}}
"""
    assert played(story) is None


@pytest.mark.parametrize(
    ("wanted", "typed"),
    [
        ("Türkiye", "TÜRKİYE"),
        ("istanbul", "İstanbul"),
        ("Málaga", "Ma\\u0301laga"),
        ("{contains: málaga}", "MA\\u0301LAGA centro"),
        ("New Delhi", "New\\u00a0Delhi"),
        ("New Delhi", "New  Delhi"),
        ("Pune", "Pune\\u200b"),
        ("Pune", "\\u200ePune"),
        ("Pune", "\\ufeffPune"),
    ],
)
def test_a_place_is_the_same_however_it_was_typed(wanted: str, typed: str) -> None:
    rules = f"""
destinations:
  screen: {{type: console}}
rules:
  - {{name: Near, when: lead.created, if: {{city: {wanted}}}, send: screen}}
"""
    story = f'lead: {{city: "{typed}", name: "Jose\\u0301"}}\n'
    assert (
        played(story + 'steps: [{expect: [{rule: Near, says: "José"}]}]', rules=rules) is None
    )


LADDER = RULES.replace(
    "Waits, if: {status: OPEN, assignee: null}, for: 15m, send: managers}",
    "Waits, if: {status: OPEN, taken_by: null}, for: 15m, send: sales,"
    " escalate: [{after: 10m, send: managers}]}\n"
    "  - {name: Taken, when: lead.taken, if: {taken_by: a1}, send: sales}",
)


def test_somebody_takes_the_lead_and_lets_it_go() -> None:
    story = """
steps:
  - {after: 16m, act: {take: a1}, expect: [{rule: Waits}, {rule: Taken, says: Asha Rao}]}
  - {after: 1d, expect: []}
  - {act: release}
  - {after: 15m, expect: [{rule: Waits, to: sales}]}
  - {after: 10m, expect: [{rule: Waits, to: managers}]}
"""
    assert played(story, rules=LADDER) is None


def test_a_snooze_leaves_rules_silent_until_it_ends() -> None:
    story = """
steps:
  - {act: {snooze: 1h}}
  - {after: 59m, expect: []}
  - {after: 1m, expect: [{rule: Waits, to: sales}]}
  - {act: take}
  - {after: 1d, expect: []}
"""
    assert played(story, rules=LADDER) is None
