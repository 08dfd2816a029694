"""What is shown of a lead, and how times and values are put into words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.records import NON_LEAD, LastMessage
from notifier.messages.facts import (
    age,
    counted,
    details,
    duration,
    facts,
    mail_link,
    moment,
    phone_link,
    show,
    status,
    who,
)
from notifier.messages.samples import BARE, FULL

KOLKATA = ZoneInfo("Asia/Kolkata")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_everything_known_of_a_lead_in_reading_order() -> None:
    assert [(fact.label, fact.value) for fact in facts(FULL, zone=KOLKATA)] == [
        ("Name", "Meera Nair"),
        ("Status", "🟡 INPROGRESS"),
        ("Phone", "+919876543210"),
        ("Email", "meera@example.com"),
        ("Place", "Pune, India"),
        ("Owner", "Asha Rao"),
        ("Tags", "demo"),
        ("Budget", "5000"),
        ("Note", "Call: After six"),
        ("Last message", "Visitor: What does it cost?"),
        ("Created", "2 Mar 2026, 09:45 IST"),
    ]


def test_what_is_empty_is_left_out() -> None:
    assert [(fact.label, fact.value) for fact in facts(BARE, zone=UTC)] == [("Owner", "nobody")]


def test_an_attribute_called_like_a_fact_of_ours_takes_no_facts_place() -> None:
    names = ("Name", "status", "LAST  MESSAGE", "Owner", "Created", "Budget")
    lead = msgspec.structs.replace(FULL, attributes=dict.fromkeys(names, "x"))
    shown = [(fact.label, fact.value) for fact in facts(lead, zone=UTC)]
    assert [label for label, value in shown if value == "x"] == [
        "Name (attribute)",
        "status (attribute)",
        "LAST  MESSAGE (attribute)",
        "Owner (attribute)",
        "Created (attribute)",
        "Budget",
    ]
    assert ("Name", "Meera Nair") in shown
    assert ("Last message", "Visitor: What does it cost?") in shown


def test_presence_and_times_change_no_detail() -> None:
    later = msgspec.structs.replace(
        FULL, online=False, visits=9, last_seen_at=None, updated_at=None
    )
    assert details(later) == details(FULL)


def test_a_custom_status_appears_as_it_is() -> None:
    assert status("Demo booked") == "Demo booked"
    assert status("CLOSED") == "✅ CLOSED"
    assert status(None) == ""


@pytest.mark.parametrize(
    ("kind", "name", "shown"),
    [
        ("lead", "Asha\nRao", "Asha Rao"),
        ("lead", None, "unnamed lead 63d9ffa77a8d152facbe2f30"),
        (NON_LEAD, None, "unnamed chat 63d9ffa77a8d152facbe2f30"),
        ("lead", "x" * 200, "x" * 99 + "…"),
    ],
)
def test_a_lead_always_has_something_to_be_called(
    kind: str, name: str | None, shown: str
) -> None:
    assert who(msgspec.structs.replace(BARE, type=kind, name=name)) == shown


def test_only_plain_addresses_and_numbers_can_be_tapped() -> None:
    assert mail_link("meera@example.com") == "mailto:meera@example.com"
    assert mail_link("a@x.example?bcc=victim@example.com") is None
    assert mail_link("a@x.example, victim@example.com") is None
    assert phone_link("+91 98765-43210") == "tel:+919876543210"
    assert phone_link("call me") is None
    assert phone_link("*21*5551234#") is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ""),
        (True, "yes"),
        (3.5, "3.5"),
        (["a", None, "b"], "a, b"),
        ({"title": "Call", "description": "After six"}, "Call: After six"),
        ({"Budget": 5, "City": "Pune"}, "Budget: 5, City: Pune"),
    ],
)
def test_json_is_shown_in_words(value: object, words: str) -> None:
    assert show(value) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 seconds"),
        (1, "1 second"),
        (900, "15 minutes"),
        (5_400, "1 hour 30 minutes"),
        (90_061, "1 day 1 hour"),
    ],
)
def test_a_length_of_time_is_told_in_its_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0 replies"), (1, "1 reply"), (999, "999 replies"), (85_715, "85,715 replies")],
)
def test_counts_have_their_thousands_apart(value: int, words: str) -> None:
    assert counted(value, "reply", "replies") == words


def test_an_age_is_the_time_between() -> None:
    assert age(NOON - timedelta(hours=3), NOON) == "3 hours"


def test_an_unusable_time_is_not_shown() -> None:
    assert moment("yesterday", UTC) == ""
    assert moment(None, UTC) == ""


def test_the_speaker_of_the_last_words_is_named() -> None:
    spoken = msgspec.structs.replace(BARE, last_message=LastMessage(by="bot", text="Hello"))
    assert details(spoken)[-1].value == "Bot: Hello"


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["Pacific/Kiritimati", "America/New_York", "Etc/GMT+12"]),
)
def test_any_time_can_be_shown_in_any_zone(at: datetime, zone: str) -> None:
    shown = moment(at.isoformat(), ZoneInfo(zone))
    assert bool(shown) == (at.year not in (1, 9999))
