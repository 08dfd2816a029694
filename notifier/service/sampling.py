"""A sample through the real destination: a message that says what it is."""

import secrets
import sys
from datetime import UTC, datetime

import msgspec

from notifier.configuration.destinations import build_destinations
from notifier.configuration.load import Configuration
from notifier.core.event_types import EventType
from notifier.core.events import encode
from notifier.destinations.base import Message, Part, Receipt
from notifier.messages.builtin import builtin_text
from notifier.messages.samples import sample_event
from notifier.messages.text import Medium, Text
from notifier.rules.model import Ruleset


def sample_message(ruleset: Ruleset, medium: Medium) -> Message:
    """Return a new lead that does not exist, for a medium.

    Its id is new each time: a receiver drops what it has seen. The lead belongs to
    the first of the rules' agents, so that messages to an assignee arrive.
    """
    event = sample_event(EventType.LEAD_CREATED)
    event = msgspec.structs.replace(event, id=f"evt_sample_{secrets.token_hex(8)}")
    lead = event.data.lead
    if lead is not None and (agent := next(iter(ruleset.agents.values()), None)):
        lead = msgspec.structs.replace(lead, assignee=agent)
        event = msgspec.structs.replace(
            event, data=msgspec.structs.replace(event.data, lead=lead)
        )
    text = builtin_text(event, medium, ruleset.agents)
    text = Text(title=f"Sample: {text.title}", body=text.body)
    part = Part(event=event, body=encode(event), text=text, rule="notifier send")
    return Message(id=event.id, parts=(part,), lead=lead, agents=ruleset.agents)


async def send_sample(config: Configuration, name: str) -> Receipt:
    """Send a sample lead to one destination; raises :class:`DeliveryError`."""
    destinations = build_destinations(
        config.settings, config.ruleset, now=lambda: datetime.now(UTC), out=sys.stdout
    )
    try:
        chosen = destinations[name]
        medium = config.ruleset.destinations[name].traits.medium
        return await chosen.send(sample_message(config.ruleset, medium))
    finally:
        for one in destinations.values():
            await one.aclose()
