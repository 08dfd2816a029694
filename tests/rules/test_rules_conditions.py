import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_examples import LEAD, SCREEN, change, lead, load, new_lead, news, status_change

from notifier.core.event_types import EventType
from notifier.core.events import Event
from notifier.core.records import LastMessage, Lead
from notifier.core.rows import Scalar
from notifier.rules import comparisons
from notifier.rules.comparisons import Seen
from notifier.rules.conditions import Condition, Failure
from notifier.rules.views import view_of_event, view_of_lead


def condition(text: str, when: str = "lead.*") -> Condition:
    rule = f'rules: [{{name: R, when: "{when}", send: screen, if: {text}}}]'
    (only,) = load(SCREEN + rule).rules
    return only.condition


def holds(text: str, who: Lead = LEAD) -> bool:
    return condition(text).holds(view_of_lead(who))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{country: India}",
        "{country: INDIA, status: open}",
        "{country: [Nepal, india]}",
        "{country: [Nepal, null, India]}",
        "{tags: vip}",
        "{tags: VIP}",
        "{tags: [other, vip]}",
        "{city: null}",
        '{city: ""}',
        "{city: [null, Pune]}",
        "{city: {not: Pune}}",
        "{country: {not: null}}",
        "{country: {not: [Nepal, Bhutan]}}",
        "{name: {not: {contains: x}}}",
        "{name: {contains: KUMAR}}",
        "{name: {starts_with: ravi}}",
        "{name: {ends_with: mar}}",
        "{email: {ends_with: '@Example.org'}}",
        "{last_message.text: {matches: '(?i)price'}}",
        "{tags: {contains: em}}",
        "{tags: {matches: '^v.p$'}}",
        "{country: {exists: true}}",
        "{city: {exists: false}}",
        "{visits: {gt: 2}}",
        "{visits: {gte: 3, lte: 3}}",
        "{visits: {lt: 3.5}}",
        "{attributes.Budget: {gte: 5000}}",
        "{attributes.Budget: {lt: 1e4}}",
        "{phone: {gt: 0}}",
        "{tags: {any_of: [x, DEMO]}}",
        "{tags: {all_of: [demo, vip]}}",
        "{tags: {none_of: [test]}}",
        "{city: {none_of: [test]}}",
        "{country: {any_of: [india]}}",
        "{visits: 3}",
        "{online: false}",
        "{attributes.Newsletter: true}",
        "{attributes.Seats: 7}",
        "{attributes.Code: 007}",
        "{phone: +919876543210}",
        "{attributes.a.b: dotted}",
        "{attributes.Nothing: null}",
        "{assignee: 631aa793bcfa100487d13d0d}",
        "{assignee.name: asha rao}",
        "{last_message.by: user}",
        "{last_message: {contains: price}}",
        "{notes: {contains: lunch}}",
        "{notes: Call back}",
        "{source: website}",
        "{type: lead}",
        "{any: [{country: Nepal}, {status: OPEN}]}",
        "{all: [{country: India}, {status: OPEN}]}",
        "{not: {country: Nepal}}",
        "{not: {country: India, status: CLOSED}}",
        "{any: [{not: {country: India}}, {all: [{tags: vip}]}]}",
    ],
)
def test_this_holds_for_the_sample_lead(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "{country: Indi}",
        "{country: India, status: CLOSED}",
        "{country: [Nepal]}",
        "{city: Pune}",
        "{country: null}",
        "{country: {not: India}}",
        "{tags: null}",
        "{tags: {not: vip}}",
        "{city: {contains: a}}",
        "{last_message.text: {matches: price}}",
        "{visits: {gt: 3}}",
        "{name: {gt: 3}}",
        "{city: {lt: 3}}",
        "{online: {exists: false}}",
        "{tags: {all_of: [demo, test]}}",
        "{tags: {none_of: [vip]}}",
        "{attributes.budget: 5000}",
        "{attributes.Code: 7}",
        "{from: OPEN}",
        "{any: [{country: Nepal}, {status: CLOSED}]}",
        "{all: [{country: India}, {status: CLOSED}]}",
        "{not: {country: India}}",
    ],
)
def test_this_does_not_hold_for_the_sample_lead(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize("word", ["nan", "inf", "1_000", "1,000", "٣", "", "0x10", "9" * 5000])
def test_a_visitor_cannot_type_a_number_that_breaks_a_comparison(word: str) -> None:
    who = lead(attributes={"Budget": word})
    assert holds("{attributes.Budget: {gt: 5}}", who) is (word == "9" * 5000)


def test_a_pattern_takes_linear_time_over_a_strangers_text() -> None:
    who = lead(name="a" * 20_000)
    assert not holds("{name: {matches: '(a|aa)+$b'}}", who)


def test_an_empty_record_fails_softly() -> None:
    nobody = Lead(id="x", source="website", bot_id="b", customer_id="c")
    assert not holds(
        "{country: India, last_message.text: {matches: x}, visits: {gt: 1}}", nobody
    )
    assert holds("{assignee: null, assignee.name: null, last_message.by: null}", nobody)


def test_a_message_without_text_is_no_missing_message() -> None:
    who = lead(last_message=LastMessage(by="user"))
    assert holds("{last_message: {exists: true}, last_message.text: null}", who)


def test_from_and_to_are_the_changed_status() -> None:
    event = status_change("OPEN", "CLOSED")
    assert condition("{from: open, to: closed}").holds(view_of_event(event))
    assert not condition("{from: {not: OPEN}}").holds(view_of_event(event))


def test_from_and_to_are_the_assignees_ids() -> None:
    event = change("assignee", "a1", "a2")
    assert condition("{from: a1, to: a2}").holds(view_of_event(event))


def test_events_without_such_a_change_have_no_from_and_to() -> None:
    for event in (new_lead(), change("city", "Pune", "Delhi")):
        assert condition("{from: null, to: null}").holds(view_of_event(event))


def test_news_of_a_source_has_its_name_and_no_lead() -> None:
    event = news(EventType.SOURCE_DOWN, "website")
    view = view_of_event(event)
    assert condition("{source: website, name: null, tags: null}", "source.*").holds(view)
    down = view_of_event(news(EventType.DESTINATION_DOWN, "website"))
    assert condition("{source: null}", "destination.*").holds(down)


def failure(text: str, event: Event) -> Failure | None:
    return condition(text).first_failure(view_of_event(event))


def test_the_first_key_that_fails_is_named_with_what_was_seen() -> None:
    assert failure("{country: India, status: {not: OPEN}}", new_lead()) == Failure(
        key="status", wanted="{not: OPEN}", seen="OPEN"
    )


def test_a_failing_combinator_is_named_and_an_all_names_its_part() -> None:
    assert failure("{any: [{country: Nepal}]}", new_lead()) == Failure(
        key="any", wanted="[{country: Nepal}]", seen=None
    )
    assert failure("{not: {country: India}}", new_lead()) == Failure(
        key="not", wanted="{country: India}", seen=None
    )
    assert failure("{all: [{status: OPEN}, {tags: x}]}", new_lead()) == Failure(
        key="tags", wanted="x", seen=("Demo", "vip")
    )


def test_a_condition_that_holds_has_no_failure() -> None:
    assert failure("{country: India}", new_lead()) is None


SEEN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = SEEN | st.lists(SEEN) | st.lists(st.text()).map(tuple)
TESTS = st.sampled_from(
    [
        comparisons.equals("a"),
        comparisons.one_of(["a", "b"]),
        comparisons.all_of(["a"]),
        comparisons.contains("a"),
        comparisons.starts_with("a"),
        comparisons.ends_with("a"),
        comparisons.matches("a"),
        comparisons.compares("gt", 3),
        comparisons.is_missing,
    ]
)


@given(TESTS, VALUES)
def test_every_test_answers_for_every_value_and_not_answers_the_opposite(
    test: comparisons.Test, seen: object
) -> None:
    assert comparisons.negated(test)(Seen(seen)) is not test(Seen(seen))


@given(st.text(alphabet="abzÄßñЖ "))
def test_letter_case_never_matters(text: str) -> None:
    assert comparisons.equals(text)(Seen(text.upper()))
    assert comparisons.contains(text)(Seen(f"x{text.upper()}x"))
    assert comparisons.one_of([text.upper()])(Seen(text))


@given(
    st.sampled_from(sorted(comparisons.ORDERS)),
    st.integers(-(10**9), 10**9),
    st.integers(-(10**9), 10**9),
)
def test_numbers_compare_the_same_as_text_and_as_number(
    order: str, seen: int, bound: int
) -> None:
    test = comparisons.compares(order, bound)
    expected = comparisons.ORDERS[order](seen, bound)
    assert test(Seen(seen)) is test(Seen(str(seen))) is expected


@pytest.mark.parametrize(
    ("text", "city"),
    [
        ("{city: istanbul}", "İSTANBUL"),
        ("{city: İstanbul}", "istanbul"),
        ("{city: [Goa, Málaga]}", "Ma\u0301laga"),
        ('{city: "Ma\\u0301laga"}', "málaga"),
        ("{city: {contains: málaga}}", "MA\u0301LAGA centro"),
        ("{city: {starts_with: new delhi}}", "New\u00a0 Delhi NCR"),
        ("{city: {ends_with: delhi}}", "New Del\u200bhi"),
        ('{city: "New  Delhi\\u200b"}', "New Delhi"),
        ("{city: Pune}", "\u200ePune"),
        ("{city: Pune}", "Pune\ufeff"),
        ("{city: {any_of: [pune]}}", "ＰＵＮＥ"),
        ("{city: {not: {none_of: [Pune]}}}", "\u202aPune\u202c"),
        ("{city: {matches: '^Málaga$'}}", "Málaga"),
        ('{city: {matches: "^Ma\\u0301laga$"}}', "Málaga"),
        ("{city: null}", "\u200b"),
        ("{city: {exists: false}}", "\u2800\u3164"),
        ('{city: "\\u200b"}', "  "),
        ("{city: {gte: 5000}}", "５０００"),
    ],
)
def test_texts_compare_as_people_see_them(text: str, city: str) -> None:
    assert holds(text, lead(city=city))


@pytest.mark.parametrize(
    ("text", "name", "is_so"),
    [
        ("{name: {contains: ' '}}", "Asha Rao", True),
        ("{name: {contains: ' '}}", "Asha", False),
        ("{name: {starts_with: 'Dr '}}", "dr Rao", True),
        ("{name: {starts_with: 'Dr '}}", "Drew", False),
        ("{name: {ends_with: ' Rao'}}", "Karao", False),
    ],
)
def test_a_blank_at_the_end_of_what_is_sought_was_meant(
    text: str, name: str, *, is_so: bool
) -> None:
    assert holds(text, lead(name=name)) == is_so


@pytest.mark.parametrize("value", [5000, 5000.0, "5000", " 5000\u200b"])
def test_a_number_and_its_text_are_one_value(value: Scalar) -> None:
    assert holds("{attributes.Budget: 5000}", lead(attributes={"Budget": value}))
    assert holds("{attributes.Budget: {gte: 5000}}", lead(attributes={"Budget": value}))


def test_an_attributes_name_is_read_as_it_is_seen() -> None:
    assert holds('{"attributes.Gro\\u0308ße\\u200b": xl}', lead(attributes={"Größe": "XL"}))
