"""The made-up events are events that could have happened."""

import pytest

from notifier.core.event_types import OPERATIONS, RULE_TYPES, EventType
from notifier.core.events import decode, encode
from notifier.messages.samples import sample_event, samples


@pytest.mark.parametrize("kind", list(RULE_TYPES))
def test_a_sample_has_its_type_and_survives_storage(kind: EventType) -> None:
    for event in samples(kind):
        assert event.type is kind
        assert decode(encode(event)) == event


@pytest.mark.parametrize("kind", [kind for kind in RULE_TYPES if kind not in OPERATIONS])
def test_a_sample_of_a_lead_is_about_that_lead(kind: EventType) -> None:
    event = sample_event(kind)
    assert event.lead is not None
    assert event.subject == event.lead.id
    assert event.lead.type == ("lead" if kind.startswith("lead.") else "non-lead")
    assert bool(event.data.changes) == (not kind.endswith((".created", ".overdue", ".snoozed")))
