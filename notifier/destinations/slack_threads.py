"""A lead's thread in a channel: its card first, replies after, the card kept true."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from notifier.core.records import Lead
from notifier.core.rows import Json
from notifier.destinations import slack_blocks as blocks
from notifier.destinations.base import Message, Receipt
from notifier.destinations.slack_buttons import Buttons
from notifier.destinations.slack_cards import Card, fingerprint, memory_of, remembered
from notifier.destinations.slack_faults import VANISHED, Refusal
from notifier.destinations.slack_history import Found
from notifier.destinations.slack_post import Payload, Poster
from notifier.errors import DeliveryError
from notifier.messages.escape import shorten_mrkdwn
from notifier.messages.links import lead_page

CHANNEL = re.compile(r"[A-Z0-9]{1,40}")
TIMESTAMP = re.compile(r"[0-9.]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """One message's view of a lead's thread; ``channel`` is the one configured."""

    poster: Poster
    now: Callable[[], datetime]
    channel: str
    lead: Lead
    mention: str
    broadcast: bool
    buttons: Buttons | None = None

    async def send(self, message: Message) -> Receipt:
        """Reply under the lead's card, or post one where there is none any more."""
        known = remembered(message.memory, self.channel)
        # Before the reply: a card found missing then takes the message itself.
        card = await self._updated(known) if known else None
        if card and await self._replied(message, card):
            return Receipt(memory=memory_of(card, self.channel))
        posted = await self._posted(message)
        if posted and not known:
            # Another destination may have a card here under the channel's id.
            posted = remembered(message.memory, posted.channel) or posted
        return Receipt(memory=memory_of(posted, self.channel) if posted else {})

    async def _updated(self, card: Card) -> Card | None:
        return await updated(self.poster, card, self.lead, self.now(), self.buttons)

    async def _replied(self, message: Message, card: Card) -> bool:
        payload = {
            "text": blocks.notice(message.parts, self.mention),
            "blocks": blocks.reply(blocks.head(message.parts, self.mention)),
            "thread_ts": card.ts,
            "reply_broadcast": self.broadcast,
        }
        try:
            await self.poster.post(card.channel, payload, message)
        except Refusal as refusal:
            if refusal.code in VANISHED:
                return False
            raise
        return True

    async def _posted(self, message: Message) -> Card | None:
        head = blocks.head(message.parts, self.mention)
        page = lead_page(self.poster.public_url, self.lead)
        payload = card_payload(message, self.mention, self.lead, page, self.buttons)
        answer = await self.poster.post(self.channel, payload, message)
        if isinstance(answer, Found):  # it shows the lead as it was then
            found, shown = {"channel": answer.channel, "ts": answer.ts}, ""
        else:
            found, shown = dict(answer), fingerprint(self.lead)
        channel = _usable(CHANNEL, found.get("channel"))
        ts = _usable(TIMESTAMP, found.get("ts"))
        if not channel or not ts:
            return None
        at_s = int(self.now().timestamp())
        rule = message.parts[0].rule
        return Card(channel=channel, ts=ts, head=head, shown=shown, at_s=at_s, rule=rule)


def _usable(form: re.Pattern[str], word: Json) -> str:
    """Return Slack's word; nothing where coming back to it would park the destination."""
    return word if isinstance(word, str) and form.fullmatch(word) else ""


def card_payload(
    message: Message,
    mention: str,
    lead: Lead,
    page: str | None = None,
    buttons: Buttons | None = None,
) -> Payload:
    """Return a message that shows the lead's details under the rule's words."""
    head = blocks.head(message.parts, mention)
    row = buttons.block(lead, message.parts[0].rule) if buttons else None
    return {
        "text": blocks.notice(message.parts, mention),
        "blocks": blocks.card(head, lead, page, row),
    }


async def updated(
    poster: Poster, card: Card, lead: Lead, now: datetime, buttons: Buttons | None = None
) -> Card | None:
    """Bring a card up to date and return it as it is now, or ``None`` where it is gone.

    Never fails: an update is no delivery, and the next one catches up.
    """
    if not card.is_due(lead, now):
        return card
    try:
        await poster.update(card_update(card, lead, buttons, public_url=poster.public_url))
    except Refusal as refusal:
        return None if refusal.code in VANISHED else card
    except DeliveryError:
        return card
    return msgspec.structs.replace(card, shown=fingerprint(lead))


def card_update(
    card: Card, lead: Lead, buttons: Buttons | None, *, public_url: str | None
) -> Payload:
    """Return what makes a card show the lead as it is now."""
    page = lead_page(public_url, lead)
    row = buttons.block(lead, card.rule) if buttons else None
    return {
        "channel": card.channel,
        "ts": card.ts,
        "text": shorten_mrkdwn(card.head, blocks.MAX_NOTICE),
        "blocks": blocks.card(card.head, lead, page, row),
    }
