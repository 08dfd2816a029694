"""The built-in words, as a salesperson reads them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.diff import diff
from notifier.core.event_types import RULE_TYPES, EventType
from notifier.core.events import Event, changed, created, operation
from notifier.core.records import LastMessage, Source, parse
from notifier.messages.builtin import builtin_text
from notifier.messages.samples import AT, BARE, FULL, RAVI, sample_event, samples
from notifier.messages.text import Medium

EVERY = list(RULE_TYPES)


def becoming(**fields: object) -> Event:
    after = msgspec.structs.replace(FULL, **fields)
    (event,) = changed(after, diff(FULL, after), at=AT)
    return event


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("lead.created", "New lead: Meera Nair, Pune, India"),
        ("lead.status_changed", "Meera Nair: OPEN → INPROGRESS"),
        ("lead.assigned", "Meera Nair is assigned to Asha Rao"),
        ("lead.reassigned", "Meera Nair goes from Ravi Iyer to Asha Rao"),
        (
            "lead.unassigned",
            "Meera Nair has no owner any more (was 631aa793bcfa100487d13d0d)",
        ),
        ("lead.updated", "Meera Nair: phone and tags changed"),
        ("lead.message", "New message from Meera Nair"),
        ("lead.overdue", "Nobody has picked it up: Meera Nair"),
        ("chat.created", "New chat: Meera Nair, Pune, India"),
        ("source.down", "Source sample is down: no new leads arrive from it"),
        ("source.up", "Source sample works again"),
        ("destination.down", "Destination sample is down: its messages wait"),
        ("destination.up", "Destination sample works again"),
        ("delivery.dead", "3 messages to sample could not be delivered"),
    ],
)
def test_a_title_says_who_and_what(kind: str, title: str) -> None:
    event = sample_event(EventType(kind))
    assert builtin_text(event, Medium.PLAIN, {RAVI.id: RAVI}).title == title


def test_a_former_chat_is_announced_as_such() -> None:
    event = created(FULL, at=AT, converted=True)
    assert builtin_text(event, Medium.PLAIN).title == (
        "New lead (was a chat): Meera Nair, Pune, India"
    )


def test_a_plain_body_tells_how_to_reach_the_lead() -> None:
    assert builtin_text(sample_event(EventType.LEAD_CREATED), Medium.PLAIN).body == "\n".join(
        [
            "Status: 🟡 INPROGRESS",
            "Phone: +919876543210",
            "Email: meera@example.com",
            "Owner: Asha Rao",
            "Last message: Visitor: What does it cost?",
            "Link: https://example.com/inbox/7e88d192-9b20-4035-9b68-d4ac3d58a34f",
        ]
    )


def test_a_slack_body_leaves_the_details_to_the_card() -> None:
    assert builtin_text(sample_event(EventType.LEAD_CREATED), Medium.SLACK).body == ""


def test_what_changed_is_told_field_by_field() -> None:
    event = becoming(
        city="Nagpur",
        email=None,
        attributes={"Budget": "7000", "Size": "3"},
        notes=(),
    )
    assert builtin_text(event, Medium.SLACK).body.splitlines() == [
        "Email: meera@example.com → —",
        "City: Pune → Nagpur",
        "Budget: 5000 → 7000",
        "Size: — → 3",
        "Former note: Call: After six",
    ]


def test_a_message_is_quoted_line_by_line() -> None:
    message = LastMessage(at="2026-03-02T05:00:00.000Z", by="user", text="one\n<!here> two")
    text = builtin_text(becoming(last_message=message), Medium.SLACK)
    assert text.body == "> one\n> &lt;!here&gt; two"


def test_a_message_says_who_wrote_it() -> None:
    message = LastMessage(at="2026-03-02T05:00:00.000Z", by="agent", text="Hello")
    text = builtin_text(becoming(last_message=message), Medium.PLAIN)
    assert text.title == "New message to Meera Nair (from an agent)"


def test_an_overdue_lead_tells_for_how_long() -> None:
    text = builtin_text(sample_event(EventType.LEAD_OVERDUE), Medium.SLACK)
    assert text.body == "This has been so for 15 minutes."


def test_operations_tell_the_reason_and_the_remedy() -> None:
    event = operation(
        EventType.SOURCE_DOWN, "web", at=AT, reason="401 <token>", remedy="renew it"
    )
    assert builtin_text(event, Medium.SLACK).body == (
        "Reason: 401 &lt;token&gt;\nWhat to do: renew it"
    )


def test_a_custom_status_appears_as_it_is() -> None:
    text = builtin_text(becoming(status="Demo booked"), Medium.PLAIN)
    assert text.title == "Meera Nair: INPROGRESS → Demo booked"


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("medium", list(Medium))
def test_every_event_has_words_however_empty_its_lead(kind: EventType, medium: Medium) -> None:
    for event in samples(kind):
        text = builtin_text(event, medium)
        assert text.title
        assert "None" not in text.title + text.body


@given(st.text(max_size=300), st.sampled_from(EVERY[:8]))
def test_no_stranger_can_write_slacks_control_characters(words: str, kind: EventType) -> None:
    event = sample_event(kind)
    strange = {"name": words, "city": words, "status": words}
    lead = msgspec.structs.replace(BARE, attributes={words: words}, **strange)
    payload = msgspec.structs.replace(event.data, lead=lead)
    text = builtin_text(msgspec.structs.replace(event, data=payload), Medium.SLACK)
    assert "<" not in text.title + text.body
    assert len(text.title.splitlines()) == 1


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"tags": ("a, b",)}, {"tags": ("a", "b")}, 'Tags: ["a, b"] → ["a","b"]'),
        (
            {"attributes": {"vip": True}},
            {"attributes": {"vip": "yes"}},
            'vip: true → "yes"',
        ),
        (
            {"city": "x" * 600 + " old"},
            {"city": "x" * 600 + " new"},
            f"City: …{'x' * 39} old → …{'x' * 39} new",
        ),
        (
            {"attributes": {"Budget": 5000.0}},
            {"attributes": {"Budget": 6000}},
            "Budget: 5000 → 6000",
        ),
        ({"attributes": {"Name": 1}}, {"attributes": {}}, "Name (attribute): 1 → —"),
    ],
)
def test_a_change_shows_what_is_not_the_same(
    before: dict[str, Any], after: dict[str, Any], line: str
) -> None:
    old, new = (msgspec.structs.replace(FULL, **fields) for fields in (before, after))
    (event,) = changed(new, diff(old, new), at=AT)
    assert builtin_text(event, Medium.SLACK).body.replace("&gt;", ">") == line


odd = st.text(alphabet="ab5, :\u200b\u0301é\n\u00a0İı", max_size=4)
scalars = st.none() | st.booleans() | st.integers(0, 9) | st.floats(0, 9) | odd
rows = st.fixed_dictionaries(
    {},
    optional={
        "name": scalars,
        "city": scalars,
        "tags": st.lists(odd, max_size=3),
        "attributes": st.dictionaries(odd, scalars | st.lists(scalars, max_size=2), max_size=3),
    },
)
notes = st.lists(
    st.fixed_dictionaries({}, optional={"title": odd, "description": odd}), max_size=3
)


@given(rows, rows, notes, notes)
def test_no_change_is_told_that_shows_nothing(
    one: dict[str, Any], other: dict[str, Any], old: list[Any], new: list[Any]
) -> None:
    before, after = (
        parse(
            {"_id": "l1", "profile": {"userDetails": fields, "notes": beside}},
            listing_type="lead",
            source=Source(name="website", bot_id="b", customer_id="c"),
            agents={},
        )
        for fields, beside in ((one, old), (other, new))
    )
    for event in changed(after, diff(before, after), at=AT):
        lines = builtin_text(event, Medium.SLACK).body.splitlines()
        assert lines
        for line in lines:
            was, arrow, now = line.partition(": ")[2].partition(" → ")
            assert not arrow or was != now
