"""Conditions that are allowed and yet never hold: ``check`` tells of each, and of no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_examples import lead, load, warnings

from notifier.rules.boundaries import for_every_script
from notifier.rules.patterns import finder
from notifier.rules.views import view_of_lead
from notifier.rulesfile.document import read_document
from notifier.rulesfile.nodes import Faults
from notifier.rulesfile.read_condition import read_condition

RULES = """
destinations: {screen: {type: console}}
rules:
  - {name: Ops, when: [source.down, destination.down, delivery.dead], send: screen}
"""
EITHER = "[lead.status_changed, lead.assigned]"


def told(condition: str, when: str = "lead.created") -> list[str]:
    """Return what is told of one condition, without its place."""
    rule = f"  - {{name: R, when: {when}, if: {condition}, send: screen}}"
    found = [fault.partition(": ")[2] for fault in warnings(RULES + rule)]
    return [fault for fault in found if not fault.startswith("`R` never reaches")]


@pytest.mark.parametrize(
    ("condition", "warning"),
    [
        ("{status: Opened}", "`Opened` is not a usual status; did you mean `OPEN`?"),
        ('{status: "OPEN, CLOSED"}', "(write [OPEN, CLOSED])"),
        ("{status: “OPEN”}", "typographic quotes stand around this"),
        ("{country: ‘India’}", '(write straight quotes: "…")'),
        ("{country: {not: [„India“]}}", '(write straight quotes: "…")'),
        ("{city: {contains: «Pune»}}", '(write straight quotes: "…")'),
        (
            '{country: "‘India’"}',
            'the quotes in `‘India’` are part of the text (write "India")',
        ),
        ("{country: India or Nepal}", "compared as one text (write [India, Nepal])"),
        ("{country: not India}", "`not India` is compared as a text (write {not: India})"),
        ("{assignee: none}", "`none` is compared as a text (write null for what is empty)"),
        ('{email: ""}', "an empty text equals nothing (write null for what is empty)"),
        ("{email: '*@gmail.com'}", """write {ends_with: "@gmail.com"}"""),
        ("{phone: '+91*'}", """write {starts_with: "+91"}"""),
        ("{city: '*Delhi*'}", """write {contains: "Delhi"}"""),
        ("{name: {matches: '/raj/i'}}", "the slashes around this expression are part of it"),
        ('{visits: ">3"}', "`>3` is compared as a text (write {gt: 3})"),
        ('{visits: "<= 3"}', "(write {lte: 3})"),
        ('{attributes.Budget: ">= 100000"}', "(write {gte: 100000})"),
        ('{status: "!= OPEN"}', "(write {not: OPEN})"),
        ('{country: "= India"}', "(write India)"),
        ("{visits: many}", "`visits` is a number: `many` never matches"),
        ("{visits: [3, many]}", "`visits` is a number: `many` never matches"),
        ("{any: [{visits: many}]}", "`visits` is a number: `many` never matches"),
        ("{visits: 3.0}", "`visits` is a whole number: `3.0` never matches (write 3)"),
        ("{visits: 3.5}", "(compare it, as in {gt: 3})"),
        ("{online: perhaps}", "`online` is true or false: `perhaps` never matches"),
        ("{online: yes}", "(write true)"),
        ("{created_at: 2026-03-02}", "(write {starts_with: 2026-03-02})"),
        ("{last_message.at: {not: today}}", "`last_message.at` is a time such as"),
        ("{created_at: {gt: 5}}", "`gt` compares numbers, and `created_at` is not a number"),
        ("{status: {lt: 5}}", "`lt` compares numbers, and `status` is not a number"),
        ("{country: {not: {gte: 5}}}", "`gte` compares numbers, and `country` is not a number"),
        ("{email: example.com}", 'is not a mail address (write {ends_with: "@example.com"})'),
        ("{assignee: Asha Rao}", "(write `assignee.name: Asha Rao`)"),
        ("{assignee: asha@example.com}", "(write `assignee.email: asha@example.com`)"),
        ('{tags: "a, b"}', "`tags` is a list, and `a, b` one entry of it (write [a, b])"),
        ('{country: "India, Nepal"}', "compared as one text (write [India, Nepal])"),
        ("{country: {not: 'India; Nepal'}}", "compared as one text (write [India, Nepal])"),
        ('{country: ["India,Nepal", Bhutan]}', "compared as one text (write [India, Nepal])"),
        ('{city: "Pune, Mumbai, Delhi"}', "(write [Pune, Mumbai, Delhi])"),
        ('{city: "Pune|Mumbai"}', "(write [Pune, Mumbai])"),
        ('{gender: "MALE, FEMALE"}', "(write [MALE, FEMALE])"),
        ('{phone: "+91, +977"}', "(write [+91, +977])"),
        ('{email: "a@x.com, b@x.com"}', "(write [a@x.com, b@x.com])"),
        ('{source: "web, app"}', "(write [web, app])"),
        ('{last_message.by: "user, bot"}', "(write [user, bot])"),
        ('{visits: "1, 2"}', "(write [1, 2])"),
        ('{visits: "1,000"}', "`1,000` never matches (write 1000)"),
        ('{assignee: "631aa7, 631aa8"}', "(write [631aa7, 631aa8])"),
        ('{assignee: "Asha Rao, Bo"}', "(write `assignee.name: [Asha Rao, Bo]`)"),
        ('{phone: {starts_with: "+91, +977"}}', '(write any: [{phone: {starts_with: "+91"}},'),
        (
            "{country: {all_of: [India, Nepal]}}",
            "one text, and never all of these (write any_of)",
        ),
        ("{visits: {gt: 3, lt: 2}}", "nothing can be all that `visits` wants"),
        ("{tags: {all_of: [a, b], none_of: [a]}}", "nothing can be all that `tags` wants"),
        ("{city: {exists: false, contains: P}}", "nothing can be all that `city` wants"),
        ("{type: non-lead}", "lead.created: there `type` is always lead"),
        (r"{name: {matches: '\bцена\b x'}}", r"write (^|\PL) for the left"),
    ],
)
def test_what_never_matches_is_told(condition: str, warning: str) -> None:
    (found,) = told(condition)
    assert warning in found


@pytest.mark.parametrize(
    ("condition", "when", "warning"),
    [
        (
            "{to: CLOSD}",
            "lead.status_changed",
            "`CLOSD` is not a usual status; did you mean `CLOSED`",
        ),
        ("{from: {not: OPN}}", "chat.status_changed", "did you mean `OPEN`?"),
        ("{to: CLOSD}", EITHER, "did you mean `CLOSED`?"),
        ("{to: CLOSED}", "lead.assigned", "`to` is an agent's id here, and never CLOSED"),
        ("{from: CLOSED}", "lead.assigned", "lead.assigned: there `from` is always empty"),
        ("{to: 631aa7}", "lead.unassigned", "lead.unassigned: there `to` is always empty"),
        ("{any: [{to: CLOSED, from: CLOSED}]}", "lead.status_changed", "exclude each other"),
        ("{all: [{any: [{type: non-lead}]}]}", "lead.created", "there `type` is always lead"),
        ("{to: CLOSED, from: CLOSED}", "lead.status_changed", "`from` and `to` exclude each"),
        ("{to: CLOSED, status: OPEN}", "lead.status_changed", "`status` and `to` exclude each"),
        ("{type: lead}", "chat.created", "chat.created: there `type` is always non-lead"),
        ("{status: OPEN}", "source.down", "source.down: there `status` is always empty"),
        ("{source: website}", "delivery.dead", "there `source` is always empty"),
    ],
)
def test_what_no_event_of_its_types_brings_is_told(
    condition: str, when: str, warning: str
) -> None:
    (found,) = told(condition, when)
    assert warning in found


@pytest.mark.parametrize(
    ("condition", "when"),
    [
        ("{to: CLOSED, from: {not: CLOSED}}", "lead.status_changed"),
        ("{to: CLOSED, status: CLOSED}", "lead.status_changed"),
        ("{to: CLOSED, status: {not: OPEN}}", EITHER),
        ("{to: 631aa793bcfa100487d13d0d}", EITHER),
        ("{from: null}", "lead.assigned"),
        ("{type: lead}", "[lead.created, chat.created]"),
        ("{source: website}", "source.down"),
        ("{not: {type: non-lead}, any: [{status: OPEN}, {city: null}]}", "lead.created"),
        ("{status: null}", "destination.down"),
        ("{visits: {gt: 3, lt: 5}, online: true, phone: {gt: 5}}", "lead.created"),
        ("{tags: {all_of: [a, b], none_of: [c]}}", "lead.created"),
        ("{country: {starts_with: In, ends_with: ia, not: [India]}}", "lead.created"),
        ("{city: {not: {exists: false}, contains: Pu}}", "lead.created"),
        ("{created_at: {starts_with: 2026-03}, email: asha@example.com}", "lead.created"),
        ("{assignee: 631aa793bcfa100487d13d0d, name: O’Hara’s}", "lead.created"),
        (r"{name: {matches: '(?i)\b(цена|कीमत)\b'}}", "lead.created"),
        (r"{name: {matches: '(?i)\bprice\b x'}}", "lead.created"),
        ('{country: ["Korea, Republic of", "Virgin Islands, British"]}', "lead.created"),
        ('{city: ["Portland, OR", "Washington, D.C."], name: "Rao, Asha"}', "lead.created"),
        ('{attributes.Wants: "a flat, soon", assignee.name: "Rao, A."}', "lead.created"),
        ('{last_message.text: {contains: "a, b"}}', "lead.created"),
    ],
)
def test_what_can_match_is_not_told(condition: str, when: str) -> None:
    assert told(condition, when) == []


def test_a_looked_up_value_stands_in_no_warning() -> None:
    rules = RULES + '  - {name: R, when: lead.*, if: {visits: "${HUSH}"}, send: screen}'
    assert "many" not in str(load(rules, secrets={"HUSH": "many"}).warnings)


WORDS = st.sampled_from(["a", "b", "ab", "3", "4"])
TESTS = st.dictionaries(
    st.sampled_from(["contains", "starts_with", "ends_with", "gt", "lt", "exists", "not"]),
    WORDS,
    min_size=2,
    max_size=4,
)


@given(TESTS, st.text("ab34", max_size=6))
def test_no_condition_that_holds_for_some_text_is_told(
    tests: dict[str, str], city: str
) -> None:
    fixed = {"gt": "3", "lt": "3", "exists": "true"}
    written = ", ".join(f"{key}: {fixed.get(key, word)}" for key, word in tests.items())
    faults = Faults()
    text = f"{{attributes.X: {{{written}}}}}"
    document = read_document("a.yaml", text, lookup=lambda _: None, faults=faults)
    condition = read_condition(document, faults=faults)
    if condition.holds(view_of_lead(lead(attributes={"X": city}))):
        assert faults.warnings() == ()


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"(?i)\bцена\b", "какая ЦЕНА ?", True),
        (r"\bцена\b", "цена", True),
        (r"\bцена\b", "ценами", False),
        (r"\bцена\b", "расцена", False),
        (r"\b(कीमत|price)\b", "क्या कीमत है", True),
        (r"\bкат\b", "ката́лог", False),
        (r"цен\w+ и", "ценами и", True),
        (r"[\wцен]+!", "ценами!", True),
        (r"цена\W", "цена…", True),
        (r"цена\W", "ценам", False),
        (r"\bprice\b", "the price is", True),
        (r"é\\b", r"é\b", True),
    ],
)
def test_words_end_where_their_script_ends_them(pattern: str, text: str, found: bool) -> None:
    assert finder(pattern)(text) is found


def test_an_expression_of_ascii_stays_as_it_is() -> None:
    assert for_every_script(r"(?i)\bprice\w*\b") == r"(?i)\bprice\w*\b"
