"""What is remembered of a lead's card in a channel, so that later messages find it."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from notifier.core.records import Lead
from notifier.destinations.slack_blocks import lead_details

KEPT_UP_TO_DATE = timedelta(days=30)
MAX_ALIASES = 2


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A posted card: ``channel`` and ``ts`` as Slack returned them.

    ``head`` is the mrkdwn above the details, ``shown`` a digest of the details,
    ``at_s`` when it was posted, in Unix seconds. ``rule`` is the one that had it posted.
    """

    channel: str
    ts: str
    head: str
    shown: str
    at_s: int
    rule: str = ""

    def is_due(self, lead: Lead, now: datetime) -> bool:
        """Whether the card is young enough to be kept, and shows something outdated."""
        age = now.timestamp() - self.at_s
        return age <= KEPT_UP_TO_DATE.total_seconds() and self.shown != fingerprint(lead)


def remembered(memory: Mapping[str, str], channel: str) -> Card | None:
    """Return the card in a channel by its id, or by the name it is configured with."""
    value = memory.get(_key(channel), "")
    for _ in range(MAX_ALIASES):
        if value.startswith("{"):
            break
        value = memory.get(_key(value), "") if value else ""
    try:
        return msgspec.json.decode(value, type=Card)
    except msgspec.DecodeError:
        return None


def memory_of(card: Card, channel: str) -> dict[str, str]:
    """Return what to remember of a card posted to a channel configured as ``channel``.

    Slack takes names but updates want ids; two destinations may name the same
    channel both ways, and still share the lead's one thread.
    """
    entry = {_key(card.channel): msgspec.json.encode(card).decode()}
    return entry if channel == card.channel else {**entry, _key(channel): card.channel}


def forgotten(card: Card) -> dict[str, str]:
    """Return what to remember of a card that is gone: nothing."""
    return {_key(card.channel): ""}


def fingerprint(lead: Lead) -> str:
    """Return a text that is equal exactly while a card shows the same details."""
    return hashlib.sha256(msgspec.json.encode(lead_details(lead))).hexdigest()[:16]


def _key(channel: str) -> str:
    return f"slack:{channel}"
