"""What counts as a change, by example and property."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.diff import Change, diff
from notifier.records import Agent, LastMessage, Lead, Note, given_name

LEAD = Lead(id="l1", source="website", bot_id="b1", customer_id="c1", uuid="u1", name="Meera")


def changed(**fields: Any) -> Lead:
    """Return the lead with these fields."""
    return msgspec.structs.replace(LEAD, **fields)


@pytest.mark.parametrize(
    "noise",
    [
        {"online": True},
        {"visits": 9},
        {"last_seen_at": "2026-03-02T09:00:00.000Z"},
        {"updated_at": "2026-03-02T09:00:00.000Z"},
        {"created_at": "2026-03-02T09:00:00.000Z"},
        {"picture": "https://example.com/b.jpg"},
        {"url": "https://example.com/inbox"},
        {"source": "renamed"},
    ],
)
def test_noise_is_no_change(noise: dict[str, Any]) -> None:
    assert diff(LEAD, changed(**noise)) == []


def test_a_status_has_its_old_and_new_value() -> None:
    assert diff(changed(status="OPEN"), changed(status="CLOSED")) == [
        Change(field="status", old="OPEN", new="CLOSED")
    ]


def test_an_assignee_changes_by_id_alone() -> None:
    tom, renamed = Agent(id="a1", name="Tom"), Agent(id="a1", name="Thomas")
    asha = Agent(id="a2")
    assert diff(changed(assignee=tom), changed(assignee=renamed)) == []
    assert diff(changed(assignee=tom), changed(assignee=asha)) == [
        Change(field="assignee", old="a1", new="a2")
    ]


def test_tags_compare_as_a_set() -> None:
    assert diff(changed(tags=("hot", "vip")), changed(tags=("vip", "hot"))) == []
    assert diff(changed(tags=("hot",)), changed(tags=("hot", "vip"))) == [
        Change(field="tags", old=["hot"], new=["hot", "vip"])
    ]


def test_a_name_that_falls_back_does_not_change_with_what_it_fell_back_to() -> None:
    before = changed(name="u1")
    after = changed(name="m@example.com", email="m@example.com")
    assert diff(before, after) == [Change(field="email", old=None, new="m@example.com")]


def test_a_name_given_at_last_is_new() -> None:
    assert diff(changed(name="u1"), changed(name="Meera")) == [
        Change(field="name", old=None, new="Meera")
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_newer"),
    [
        (None, LastMessage(text="Hi"), True),
        (LastMessage(at="1", text="Hi"), LastMessage(at="2", text="Hi"), True),
        (LastMessage(at="2", text="Hi"), LastMessage(at="1", text="Ho"), False),
        (LastMessage(at="1", text="Hi"), LastMessage(at="1", text="Hi!"), False),
        (LastMessage(text="Hi"), LastMessage(text="Ho"), True),
        (LastMessage(text="Hi"), None, False),
    ],
)
def test_only_a_newer_message_is_a_change(
    before: LastMessage | None, after: LastMessage | None, *, is_newer: bool
) -> None:
    found = diff(changed(last_message=before), changed(last_message=after))
    assert bool(found) == is_newer


words = st.none() | st.text(min_size=1, max_size=4)
leads = st.builds(
    Lead,
    id=st.just("l1"),
    source=st.just("website"),
    bot_id=st.just("b1"),
    customer_id=st.just("c1"),
    uuid=st.just("u1"),
    name=words,
    email=words,
    phone=words,
    city=words,
    status=words,
    assignee=st.none() | st.builds(Agent, id=st.sampled_from(["a1", "a2"])),
    tags=st.lists(st.sampled_from(["hot", "vip"]), unique=True).map(tuple),
    attributes=st.dictionaries(st.sampled_from(["Budget", "ID"]), st.integers(0, 3)),
    notes=st.lists(st.builds(Note, title=words), max_size=2).map(tuple),
)


@given(leads)
def test_a_lead_does_not_differ_from_itself(lead: Lead) -> None:
    assert diff(lead, lead) == []


@given(leads, leads)
def test_changes_lead_from_the_one_to_the_other(before: Lead, after: Lead) -> None:
    replayed = {change.field: change.new for change in diff(before, after)}
    for field, value in _compared(after).items():
        assert replayed.get(field, _compared(before)[field]) == value


@given(leads, leads)
def test_the_way_back_is_the_way_there_reversed(before: Lead, after: Lead) -> None:
    there = {(one.field, repr(one.old), repr(one.new)) for one in diff(before, after)}
    back = {(one.field, repr(one.new), repr(one.old)) for one in diff(after, before)}
    assert there == back


def _compared(lead: Lead) -> dict[str, Any]:
    """Return what of a lead can change, in the form that changes have."""
    fields = ("email", "phone", "city", "attributes", "notes", "status")
    values = {field: msgspec.to_builtins(getattr(lead, field)) for field in fields}
    assignee = lead.assignee.id if lead.assignee else None
    return {**values, "name": given_name(lead), "assignee": assignee}
