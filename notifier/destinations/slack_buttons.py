"""Buttons of a card, and the signed values by which a click tells what it is about.

A value names the lead, the rule and the destination, and is signed: whoever can post with
the app's token could else make people act on leads that they never saw.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

import msgspec

from notifier.core.records import Lead
from notifier.core.rows import Json

TAKE, RELEASE, SNOOZE, UNTIL_MORNING = "take", "release", "snooze", "snooze_until_morning"
ACTION_IDS = frozenset({TAKE, RELEASE, SNOOZE, UNTIL_MORNING})
LABELS = {
    TAKE: "Take it",
    RELEASE: "Release it",
    SNOOZE: "Snooze 1 h",
    UNTIL_MORNING: "Snooze until tomorrow",
}
MAX_VALUE = 2_000  # Slack's limit
MAC_CHARS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a button is about: ``key`` is the lead's lane key."""

    key: str
    rule: str
    destination: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Buttons:
    """The buttons of one destination's cards; ``secret`` signs what they are about."""

    destination: str
    secret: bytes = field(repr=False)

    def block(self, lead: Lead, rule: str) -> dict[str, Json]:
        """Return the row of buttons: take it or release it, and let it rest."""
        about = About(key=f"{lead.bot_id}/{lead.id}", rule=rule, destination=self.destination)
        value = signed(about, self.secret)
        first = RELEASE if lead.taken_by else TAKE
        buttons = [_button(one, value) for one in (first, SNOOZE, UNTIL_MORNING)]
        if first == TAKE:
            buttons[0]["style"] = "primary"
        return {"type": "actions", "elements": buttons}


def signed(about: About, secret: bytes) -> str:
    """Return the value of a button; a rule whose name is too long for it is left out."""
    for rule in (about.rule, ""):
        words = [about.key, rule, about.destination]
        value = msgspec.json.encode([*words, _mac(words, secret)]).decode()
        if len(value) <= MAX_VALUE:
            break
    return value


def opened(value: str, secret: bytes) -> About | None:
    """Return what a button is about, ``None`` for a value that is not ours."""
    try:
        *words, mac = msgspec.json.decode(value, type=tuple[str, str, str, str])
    except (msgspec.DecodeError, UnicodeError):
        return None
    if not hmac.compare_digest(_mac(words, secret).encode(), mac.encode()):
        return None
    key, rule, destination = words
    return About(key=key, rule=rule, destination=destination)


def _mac(words: list[str], secret: bytes) -> str:
    told = msgspec.json.encode(words)
    return hmac.new(secret, told, hashlib.sha256).hexdigest()[:MAC_CHARS]


def _button(action_id: str, value: str) -> dict[str, Json]:
    label = {"type": "plain_text", "text": LABELS[action_id]}
    return {"type": "button", "text": label, "action_id": action_id, "value": value}
