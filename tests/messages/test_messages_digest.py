"""A digest: many messages, grouped and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.event_types import EventType
from notifier.core.events import Changed, Event
from notifier.messages.digest import digest_text, in_short
from notifier.messages.samples import sample_event
from notifier.messages.text import Medium, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    event: Event
    text: Text
    rule: str


def entries(*titles: str, rule: str = "New lead") -> Sequence[Entry]:
    event = sample_event(EventType.LEAD_CREATED)
    return [Entry(event=event, text=Text(title=title), rule=rule) for title in titles]


def test_messages_are_grouped_by_rule_and_counted() -> None:
    parts = [*entries("Asha", "Bina"), *entries("Chitra", rule="R & D")]
    assert digest_text(parts, "Overnight", Medium.PLAIN) == Text(
        title="Overnight (3 messages)",
        body="New lead (2)\n• Asha\n• Bina\n\nR & D (1)\n• Chitra",
    )


def test_slack_gets_mrkdwn() -> None:
    text = digest_text(entries("A &amp; B", rule="<R>"), "<Night>", Medium.SLACK)
    assert text.title == "&lt;Night&gt; (1 message)"
    assert text.body == "*&lt;R&gt;* (1)\n• A &amp; B"


def test_times_are_shown_where_a_zone_is_given() -> None:
    text = digest_text(entries("Asha"), "Night", Medium.PLAIN, zone=ZoneInfo("Asia/Kolkata"))
    assert text.body.endswith("• 2 Mar 2026, 10:00 IST  Asha")


def test_what_does_not_fit_is_counted_and_the_newest_stay() -> None:
    text = digest_text(entries(*(f"lead {n}" for n in range(100))), "Night", Medium.PLAIN, 100)
    lines = text.body.split("\n")
    assert lines[0] == "New lead (100)"
    assert lines[1] == f"… and {100 - len(lines[2:])} more"
    assert lines[-1] == "• lead 99"


@given(st.lists(st.text(max_size=20), min_size=1, max_size=30), st.integers(40, 400))
def test_a_digest_keeps_to_its_limit(rules: list[str], limit: int) -> None:
    parts = [part for rule in rules for part in entries("A &amp; B", rule=rule)]
    for medium in Medium:
        assert len(digest_text(parts, "Night", medium, limit).body) <= limit


def test_a_summary_tells_in_numbers_what_happened() -> None:
    created = sample_event(EventType.LEAD_CREATED)
    closed = with_status(sample_event(EventType.LEAD_STATUS_CHANGED), "CLOSED")
    other = [
        sample_event(kind)
        for kind in (EventType.CHAT_CREATED, EventType.LEAD_MESSAGE, EventType.LEAD_MESSAGE)
    ]
    assert in_short([created] * 5 + [closed] * 3) == "5 new leads, 3 closed"
    assert in_short([created, *other]) == "2 messages, 1 new lead, 1 new chat"


def with_status(event: Event, status: str) -> Event:
    payload = msgspec.structs.replace(
        event.data, changes={"status": Changed(old="OPEN", new=status)}
    )
    return msgspec.structs.replace(event, data=payload)
