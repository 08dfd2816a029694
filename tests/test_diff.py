"""What counts as a change, by example and property."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.diff import Change, diff
from notifier.core.records import Agent, LastMessage, Lead, Note, given_name
from notifier.core.rows import seen, text

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
        (LastMessage(at="1", text="Hi"), LastMessage(at="1", text="Hi!"), True),
        (LastMessage(at="1", by="user"), LastMessage(at="1", by="bot"), True),
        (LastMessage(at="1", text="Hi"), LastMessage(at="1", text=" Hi\u200b"), False),
        (LastMessage(at="1", by="user", text="Hi"), LastMessage(at="1"), False),
        (LastMessage(at="2", by="user"), LastMessage(at="1", by="bot"), False),
        (LastMessage(text="Hi"), LastMessage(text="Ho"), True),
        (LastMessage(text="Hi"), None, False),
    ],
)
def test_only_a_newer_message_is_a_change(
    before: LastMessage | None, after: LastMessage | None, *, is_newer: bool
) -> None:
    found = diff(changed(last_message=before), changed(last_message=after))
    assert bool(found) == is_newer


def test_of_words_alone_that_differ_an_older_row_has_the_older_ones() -> None:
    first, second = (
        LastMessage(at="1", by="user", text="Hi"),
        LastMessage(at="1", by="user", text="Hi there"),
    )
    now = changed(last_message=second, updated_at="2026-03-02T09:00:01.000Z")
    late = changed(last_message=first, updated_at="2026-03-02T09:00:00.000Z")
    assert diff(now, late) == []
    assert [change.field for change in diff(late, now)] == ["last_message"]


SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an attribute without a value": ({"attributes": {"ok": None}}, {"attributes": {}}),
    "an empty attribute": ({"attributes": {"ok": ""}}, {"attributes": {}}),
    "a number as text": ({"attributes": {"Budget": "5000"}}, {"attributes": {"Budget": 5000}}),
    "a whole number": ({"attributes": {"Budget": 5000.0}}, {"attributes": {"Budget": "5000"}}),
    "yes or no as text": ({"attributes": {"vip": True}}, {"attributes": {"vip": "true"}}),
    "notes in another order": (
        {"notes": (Note(id="1", title="a"), Note(id="2", title="b"))},
        {"notes": (Note(id="2", title="b"), Note(id="1", title="a"))},
    ),
    "two blanks": ({"name": "Meera Nair"}, {"name": "Meera  Nair"}),
    "another kind of blank": ({"city": "New Delhi"}, {"city": "New\u00a0Delhi"}),
    "a line break": ({"city": "New Delhi"}, {"city": "New\r\nDelhi"}),
    "an accent of its own": ({"name": "José"}, {"name": "Jose\u0301"}),
    "a character without width": ({"city": "Pune"}, {"city": "Pune\u200b"}),
    "nothing to the eye": ({"city": None}, {"city": "\u200e\u3164"}),
    "a tag with a mark": ({"tags": ("hot",)}, {"tags": ("\u202ahot\u202c",)}),
}


@pytest.mark.parametrize("one", SAME)
def test_what_looks_the_same_is_no_change(one: str) -> None:
    before, after = SAME[one]
    assert diff(changed(**before), changed(**after)) == []


def test_what_a_person_sees_is_a_change() -> None:
    assert diff(changed(name="meera"), changed(name="Meera"))
    assert diff(changed(attributes={"Budget": 5000}), changed(attributes={"Budget": 5001}))
    assert diff(changed(notes=(Note(id="1", title="a"),)), changed(notes=(Note(id="1"),)))


words = st.text(max_size=4).map(text)
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
        assert _looks(field, replayed.get(field, _compared(before)[field])) == _looks(
            field, value
        )


@given(leads, leads)
def test_the_way_back_is_the_way_there_reversed(before: Lead, after: Lead) -> None:
    there = {(one.field, repr(one.old), repr(one.new)) for one in diff(before, after)}
    back = {(one.field, repr(one.new), repr(one.old)) for one in diff(after, before)}
    assert there == back


def _looks(field: str, value: Any) -> Any:
    shown = seen(value)
    return {repr(one) for one in shown} if field == "notes" else shown


def _compared(lead: Lead) -> dict[str, Any]:
    """Return what of a lead can change, in the form that changes have."""
    fields = ("email", "phone", "city", "attributes", "notes", "status")
    values = {field: msgspec.to_builtins(getattr(lead, field)) for field in fields}
    assignee = lead.assignee.id if lead.assignee else None
    return {**values, "name": given_name(lead), "assignee": assignee}
