from hypothesis import given
from hypothesis import strategies as st

from notifier.core.records import Agent, Source, parse
from notifier.rehearsal.row import row_of

SOURCE = Source(name="website", bot_id="b", customer_id="c")
WORDS = st.text("abcÅé 1&<>", min_size=1).map(lambda text: " ".join(text.split())).filter(bool)
TIMES = st.just("2026-03-02T10:00:00.000Z")
FIELDS = st.fixed_dictionaries(
    {"id": WORDS, "name": WORDS},
    optional={
        "uuid": WORDS,
        "email": WORDS,
        "phone": st.sampled_from(["+919876543210", "98765"]),
        "city": WORDS,
        "country": WORDS,
        "gender": WORDS,
        "picture": WORDS,
        "tags": st.lists(WORDS, unique=True, min_size=1).map(tuple),
        "attributes": st.dictionaries(WORDS, WORDS),
        "status": WORDS,
        "online": st.booleans(),
        "visits": st.integers(0, 99),
        "last_seen_at": TIMES,
        "created_at": TIMES,
        "updated_at": TIMES,
    },
)


@given(FIELDS)
def test_a_row_says_of_a_lead_what_the_test_said(fields: dict[str, object]) -> None:
    lead = parse(row_of(fields), listing_type="lead", source=SOURCE, agents={})
    assert {name: getattr(lead, name) for name in fields} == fields


def test_a_row_carries_notes_the_assignee_and_the_last_message() -> None:
    fields = {
        "id": "1",
        "notes": ({"id": None, "title": "Call", "description": "after six"},),
        "assignee": {"id": "a1", "name": "Asha"},
        "last_message": {"at": "2026-03-02T10:00:00.000Z", "by": "user", "text": "Hi"},
    }
    lead = parse(row_of(fields), listing_type="lead", source=SOURCE, agents={})
    assert lead.assignee == Agent(id="a1", name="Asha")
    assert [(note.title, note.description) for note in lead.notes] == [("Call", "after six")]
    assert lead.last_message is not None
    assert (lead.last_message.by, lead.last_message.text) == ("user", "Hi")
