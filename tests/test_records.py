"""One row → a lead, whatever the row looks like."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.core.records import Agent, LastMessage, Lead, Note, Source, given_name, parse
from notifier.core.rows import BadRecordError, Json, canonical

SOURCE = Source(
    name="website",
    bot_id="638d99eeee9e558f1247ae03",
    customer_id="5fed38e56fb193dcc6c933f5",
    inbox_url="https://app.example.com/inbox/{uuid}?bot={bot_id}",
)
ASHA = Agent(id="631aa793bcfa100487d13d0d", name="Asha Rao", slack="U024BE7LH")


def read(**fields: Json) -> Lead:
    """Return the lead in a row with these fields beside its id."""
    row = {"_id": "63d9ffa77a8d152facbe2f2f", **fields}
    return parse(row, listing_type="lead", source=SOURCE, agents={ASHA.id: ASHA})


def details(**fields: Json) -> dict[str, Any]:
    """Return the ``profile`` of a row with these ``userDetails``."""
    return {"profile": {"userDetails": fields}}


def test_every_documented_field_is_read() -> None:
    lead = read(
        uuid="7e88d192",
        isOnline=False,
        status="INPROGRESS",
        websiteVisits=3,
        _agentAssigned=ASHA.id,
        lastMessage={"at": "2023-02-01T06:00:20.000Z", "by": "bot", "text": "Hello"},
        lastSeenAt="2023-02-01T06:00:21.000Z",
        profile={
            "notes": [{"_id": "n1", "title": "Call", "description": "After six"}],
            "userDetails": {
                "name": "Meera Nair",
                "picture": "https://example.com/a.jpg",
                "contact": {
                    "email": "m@example.com",
                    "phone": {"number": "98", "prefix": "91"},
                },
                "city": "Pune",
                "country": "India",
                "gender": "FEMALE",
                "tags": ["hot"],
                "attributes": [{"key": "Budget", "value": 5000}],
            },
        },
        createdAt="2023-02-01T05:59:03.533Z",
        updatedAt="2023-02-02T06:46:34.119Z",
    )
    assert lead == Lead(
        id="63d9ffa77a8d152facbe2f2f",
        uuid="7e88d192",
        type="lead",
        source="website",
        bot_id=SOURCE.bot_id,
        customer_id=SOURCE.customer_id,
        name="Meera Nair",
        email="m@example.com",
        phone="+9198",
        city="Pune",
        country="India",
        gender="FEMALE",
        picture="https://example.com/a.jpg",
        tags=("hot",),
        attributes={"Budget": 5000},
        notes=(Note(id="n1", title="Call", description="After six"),),
        status="INPROGRESS",
        assignee=ASHA,
        online=False,
        visits=3,
        last_message=LastMessage(at="2023-02-01T06:00:20.000Z", by="bot", text="Hello"),
        last_seen_at="2023-02-01T06:00:21.000Z",
        created_at="2023-02-01T05:59:03.533Z",
        updated_at="2023-02-02T06:46:34.119Z",
        url=f"https://app.example.com/inbox/7e88d192?bot={SOURCE.bot_id}",
    )


@pytest.mark.parametrize(
    ("value", "agent"),
    [
        (None, None),
        ("", None),
        (7.5, Agent(id="7.5")),
        ("a1", Agent(id="a1")),
        ({"_id": "a1"}, Agent(id="a1")),
        ({"_id": "a1", "name": "Tom"}, Agent(id="a1", name="Tom")),
        ({"_id": ASHA.id, "name": "Another name"}, ASHA),
        ({"name": "Tom"}, None),
        (["a1"], None),
    ],
)
def test_an_assignee_comes_in_many_shapes(value: Json, agent: Agent | None) -> None:
    assert read(_agentAssigned=value).assignee == agent


@pytest.mark.parametrize(
    ("phone", "text"),
    [
        ({"number": "9876543210", "prefix": "91"}, "+919876543210"),
        ({"number": "9876543210", "prefix": "+91"}, "+919876543210"),
        ({"number": "+919876543210", "prefix": "91"}, "+919876543210"),
        ({"number": 9876543210}, "9876543210"),
        ("9876543210", "9876543210"),
        ({"prefix": "91"}, None),
        ([], None),
    ],
)
def test_a_prefix_comes_with_or_without_its_plus(phone: Json, text: str | None) -> None:
    assert read(**details(contact={"phone": phone})).phone == text


def test_the_name_falls_back_field_by_field() -> None:
    contact: dict[str, Json] = {"email": "m@example.com", "phone": {"number": "98"}}
    names = [
        read(uuid="u1", **details(name="Meera", userProvidedName="M", contact=contact)).name,
        read(uuid="u1", **details(userProvidedName="M", contact=contact)).name,
        read(uuid="u1", **details(contact=contact)).name,
        read(uuid="u1", **details(contact={"phone": {"number": "98"}})).name,
        read(uuid="u1").name,
        read().name,
    ]
    assert names == ["Meera", "M", "m@example.com", "98", "u1", None]


def test_a_name_that_falls_back_is_none_that_was_given() -> None:
    assert given_name(read(uuid="u1")) is None
    assert given_name(read(uuid="u1", **details(name="Meera"))) == "Meera"


def test_no_link_is_made_of_a_missing_value() -> None:
    assert read(uuid=None).url is None


@pytest.mark.parametrize(
    "row", [None, [], "row", {}, {"_id": 7}, {"_id": ""}, {"_id": "x" * 999}]
)
def test_a_row_without_a_usable_id_is_refused(row: Json) -> None:
    with pytest.raises(BadRecordError):
        parse(row, listing_type="lead", source=SOURCE, agents={})


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *("uuid", "isOnline", "status", "websiteVisits", "_agentAssigned", "lastMessage"),
    *("lastSeenAt", "profile", "createdAt", "updatedAt", "userProvidedName"),
)


@given(st.dictionaries(st.sampled_from(FIELDS), jsons))
def test_whatever_stands_in_a_field_a_lead_is_read(fields: dict[str, Json]) -> None:
    assert read(**fields).id == "63d9ffa77a8d152facbe2f2f"


@given(jsons)
def test_whatever_stands_in_the_details_a_lead_is_read(value: Json) -> None:
    names = ("name", "contact", "city", "tags", "attributes", "gender", "picture")
    lead = read(**details(**dict.fromkeys(names, value)))
    assert canonical({"tags": list(lead.tags)})


@pytest.mark.parametrize(
    "nothing", ["\u200b", "\u200e\u200d\u2060", "\u2800", "\u202e", "\ufeff"]
)
def test_what_is_nothing_to_the_eye_is_no_value(nothing: str) -> None:
    contact: dict[str, Json] = {"email": "m@example.com", "phone": {"number": nothing}}
    lead = read(
        uuid="u1",
        status=nothing,
        _agentAssigned=nothing,
        lastMessage={"text": nothing},
        profile={
            "notes": [{"title": nothing}],
            "userDetails": {
                "name": nothing,
                "contact": contact,
                "city": nothing,
                "tags": [nothing],
                "attributes": [{"key": nothing, "value": 1}, {"key": "ok", "value": nothing}],
            },
        },
    )
    assert lead == read(uuid="u1", **details(contact={"email": "m@example.com"}))
    assert lead.name == "m@example.com"


def test_texts_are_kept_as_they_are_seen() -> None:
    lead = read(
        **details(
            name=" Jose\u0301\u200b  Díaz",
            contact={
                "phone": {"number": "\u202a98765\u00a043210\u202c", "prefix": "\u202a+91"}
            },
            tags=["hot", "hot\u200b", " hot"],
            attributes=[{"key": "Bud\u00adget", "value": "5000\u202c"}],
        )
    )
    assert (lead.name, lead.phone) == ("José Díaz", "+9198765 43210")
    assert (lead.tags, lead.attributes) == (("hot",), {"Budget": "5000"})


@pytest.mark.parametrize("value", [None, "", "  ", [], {}])
def test_an_empty_attribute_is_one_that_is_not_there(value: Json) -> None:
    assert read(**details(attributes=[{"key": "ok", "value": value}])).attributes == {}


def test_numbers_are_texts_where_texts_belong() -> None:
    lead = read(**details(name=5.0, contact={"phone": {"number": 9876543210.0, "prefix": 91}}))
    assert (lead.name, lead.phone) == ("5", "+919876543210")
