"""Changes → events: which types, under which ids, in which envelope."""

from datetime import UTC, datetime

import msgspec

from notifier.core.diff import Change, diff
from notifier.core.event_types import EventType
from notifier.core.events import changed, created, decode, encode, numbered, operation, overdue
from notifier.core.records import Lead, Source, parse
from notifier.core.rows import Row

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 13, tzinfo=UTC)
LEAD = Lead(
    id="l1",
    source="website",
    bot_id="b1",
    customer_id="c1",
    created_at="2026-03-01T08:00:00.000Z",
    updated_at="2026-03-02T11:59:58.000Z",
)
OPENED = Change(field="status", old="OPEN", new="CLOSED")


def types(*changes: Change, lead: Lead = LEAD) -> list[str]:
    """Return the types of the events that these changes make."""
    return [event.type.value for event in changed(lead, changes, at=NOON)]


def assigned(old: str | None, new: str | None) -> Change:
    """Return a change of the owner."""
    return Change(field="assignee", old=old, new=new)


def test_an_owner_is_assigned_reassigned_or_unassigned() -> None:
    assert types(assigned(None, "a1")) == ["lead.assigned"]
    assert types(assigned("a1", "a2")) == ["lead.reassigned"]
    assert types(assigned("a1", None)) == ["lead.unassigned"]


def test_details_share_one_event_and_the_rest_has_its_own() -> None:
    changes = [
        Change(field="email", old=None, new="m@example.com"),
        Change(field="tags", old=[], new=["hot"]),
        OPENED,
        assigned(None, "a1"),
        Change(field="last_message", old=None, new={"text": "Hi"}),
    ]
    assert types(*changes) == [
        "lead.status_changed",
        "lead.assigned",
        "lead.updated",
        "lead.message",
    ]
    (_, _, updated, _) = changed(LEAD, changes, at=NOON)
    assert set(updated.data.changes or {}) == {"email", "tags"}


def test_a_non_lead_has_events_of_its_own_family() -> None:
    chat = msgspec.structs.replace(LEAD, type="non-lead")
    assert types(OPENED, lead=chat) == ["chat.status_changed"]
    assert created(chat, at=NOON).type is EventType.CHAT_CREATED


def test_times_are_the_upstreams_where_they_are_usable() -> None:
    assert created(LEAD, at=NOON).time == "2026-03-01T08:00:00.000Z"
    (event,) = changed(LEAD, [OPENED], at=NOON)
    assert (event.time, event.data.observed_at) == (
        "2026-03-02T11:59:58.000Z",
        "2026-03-02T12:00:00.000Z",
    )
    timeless = msgspec.structs.replace(LEAD, created_at=None, updated_at=None)
    assert created(timeless, at=NOON).time == "2026-03-02T12:00:00.000Z"


def test_an_id_depends_on_what_happened_and_not_on_when_we_saw_it() -> None:
    assert created(LEAD, at=NOON).id == created(LEAD, at=LATER).id
    (seen,), (again,) = changed(LEAD, [OPENED], at=NOON), changed(LEAD, [OPENED], at=LATER)
    assert seen.id == again.id
    touched = msgspec.structs.replace(LEAD, updated_at="2026-03-02T11:59:59.000Z")
    (other,) = changed(touched, [OPENED], at=NOON)
    assert other.id != seen.id


def test_an_id_is_the_bots_own() -> None:
    elsewhere = msgspec.structs.replace(LEAD, bot_id="b2")
    assert created(LEAD, at=NOON).id != created(elsewhere, at=NOON).id


def test_a_taken_id_gets_running_numbers() -> None:
    (event,) = changed(LEAD, [OPENED], at=NOON)
    ids = {event.id, numbered(event, 1).id, numbered(event, 2).id}
    assert len(ids) == 3
    assert all(one.startswith("evt_") for one in ids)


def test_an_overdue_event_says_which_rule_and_since_when() -> None:
    event = overdue(LEAD, rule="Nobody", since=NOON, due=LATER, for_s=3600, at=LATER)
    assert event.type is EventType.LEAD_OVERDUE
    assert event.time == "2026-03-02T13:00:00.000Z"
    assert event.data.overdue is not None
    assert event.data.overdue.since == "2026-03-02T12:00:00.000Z"
    next_time = overdue(LEAD, rule="Nobody", since=NOON, due=NOON, for_s=3600, at=LATER)
    assert next_time.id != event.id


def test_the_envelope_of_a_change() -> None:
    (event,) = changed(LEAD, [OPENED], at=NOON)
    envelope = msgspec.json.decode(encode(event))
    assert list(envelope) == [
        *("specversion", "id", "type", "source", "subject", "time"),
        *("datacontenttype", "data"),
    ]
    assert envelope["source"] == "/botpenguin/b1"
    assert envelope["data"]["changes"] == {"status": {"from": "OPEN", "to": "CLOSED"}}
    assert list(envelope["data"]) == ["observed_at", "changes", "lead"]


def test_a_created_event_has_no_changes_and_says_where_it_was_a_conversion() -> None:
    plain = msgspec.json.decode(encode(created(LEAD, at=NOON)))["data"]
    assert plain["changes"] == {}
    assert "converted" not in plain
    assert created(LEAD, at=NOON, converted=True).data.converted


def test_operations_have_a_reason_a_remedy_and_no_lead() -> None:
    event = operation(EventType.SOURCE_DOWN, "website", at=NOON, reason="401", remedy="Ask")
    assert msgspec.json.decode(encode(event))["data"] == {
        "observed_at": "2026-03-02T12:00:00.000Z",
        "reason": "401",
        "remedy": "Ask",
    }


def test_what_is_encoded_reads_back_the_same() -> None:
    event = created(LEAD, at=NOON)
    assert decode(encode(event)) == event


def test_an_event_keeps_its_id_from_version_to_version() -> None:
    before = {
        "status": "OPEN",
        "lastMessage": {"at": "2026-03-02T04:10:00.000Z", "by": "user", "text": "Hi"},
        "profile": {
            "notes": [],
            "userDetails": {
                "name": "Asha",
                "city": "Pune",
                "tags": ["hot"],
                "attributes": [{"key": "Budget", "value": 5000}, {"key": "vip", "value": True}],
            },
        },
    }
    after = {
        "status": "CLOSED",
        "_agentAssigned": "a1",
        "lastMessage": {"at": "2026-03-02T04:20:00.000Z", "by": "bot", "text": "Two\nlines"},
        "profile": {
            "notes": [{"_id": "n1", "title": "Call"}],
            "userDetails": {
                "name": "Asha Rao",
                "city": "Málaga",
                "tags": ["hot", "vip"],
                "attributes": [
                    {"key": "Budget", "value": 7000.5},
                    {"key": "vip", "value": True},
                ],
            },
        },
    }
    old, new = (_read(row) for row in (before, after))
    found = [created(old, at=NOON), *changed(new, diff(old, new), at=NOON)]
    assert {event.type.value: event.id for event in found} == {
        "lead.created": "evt_6a97c7cfcdf6651ac58c420cfad6666d",
        "lead.status_changed": "evt_84c98c52d99ea9f2881e363b58d7ea5c",
        "lead.assigned": "evt_80b392a12ef6eaa818cb3cab232f2c42",
        "lead.updated": "evt_15b59179a2e0b33dcd5ca56d6e9ce247",
        "lead.message": "evt_305805ccd6c866dd1a2b59ae465d28ed",
    }


def _read(row: Row) -> Lead:
    times = {"createdAt": "2026-03-02T04:15:00.000Z", "updatedAt": "2026-03-02T04:29:50.000Z"}
    source = Source(name="website", bot_id="638d99eeee9e558f1247ae03", customer_id="c")
    return parse(
        {"_id": "63d9ffa77a8d152facbe2f2f", **times, **row},
        listing_type="lead",
        source=source,
        agents={},
    )
