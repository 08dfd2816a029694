"""What a destination's messages become in Slack: notices, cards, replies, digests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from notifier.core.records import Lead
from notifier.destinations import slack_blocks as blocks
from notifier.destinations.base import Message, Receipt
from notifier.destinations.slack_api import WebApi
from notifier.destinations.slack_buttons import Buttons
from notifier.destinations.slack_cards import Card, forgotten, memory_of, remembered
from notifier.destinations.slack_digest import DigestPost
from notifier.destinations.slack_people import (
    ASSIGNEE,
    is_broadcast,
    mention_of,
    recipient,
    slack_id,
)
from notifier.destinations.slack_post import Poster
from notifier.destinations.slack_threads import Thread, card_payload, updated
from notifier.errors import TemporaryDeliveryError
from notifier.messages.links import lead_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Posts to ``channel``; ``mention``, ``broadcast`` and ``thread`` are the destination's.

    ``zone`` is for the times that people read. Raises what the poster raises.
    """

    poster: Poster
    channel: str
    mention: str | None
    broadcast: bool | None
    thread: bool
    now: Callable[[], datetime]
    zone: tzinfo
    buttons: Buttons | None = None

    async def send(self, message: Message) -> Receipt:
        """Post the message, as a reply where the lead has a card."""
        if message.digest is not None:
            return await self._send_digest(message, message.digest)
        lead = message.lead or message.parts[-1].event.lead
        if lead is None:
            return await self._send_notice(message)
        return await self._send_lead(message, lead)

    def card(self, lead: Lead, memory: Mapping[str, str]) -> Card | None:
        """Return the lead's card here, where it has one that is kept up to date."""
        channel = slack_id(lead, {}) if self.channel == ASSIGNEE else self.channel
        return remembered(memory, channel) if channel and self._has_threads else None

    async def refresh(self, card: Card, lead: Lead) -> Mapping[str, str]:
        """Bring a card up to date; return what is to be remembered of it."""
        present = await updated(self.poster, card, lead, self.now(), self.buttons)
        if present is None:
            return forgotten(card)
        if present.is_due(lead, self.now()):
            raise TemporaryDeliveryError("Slack did not take a card's update")
        return memory_of(present, card.channel) if present != card else {}

    @property
    def _has_threads(self) -> bool:
        return self.thread and isinstance(self.poster.place, WebApi)

    def _mention(self, message: Message, lead: Lead | None) -> str:
        return mention_of(message.mention or self.mention, lead, message.agents)

    async def _send_notice(self, message: Message) -> Receipt:
        """Send what is about no lead: a source, a destination, dead deliveries."""
        channel = recipient(None, {}) if self.channel == ASSIGNEE else self.channel
        mention = self._mention(message, None)
        payload = {
            "text": blocks.notice(message.parts, mention),
            "blocks": blocks.untied(message.parts, mention),
        }
        await self.poster.post(channel, payload, message)
        return Receipt()

    async def _send_lead(self, message: Message, lead: Lead) -> Receipt:
        agents, mention = message.agents, self._mention(message, lead)
        channel = recipient(lead, agents) if self.channel == ASSIGNEE else self.channel
        if not self._has_threads:
            page = lead_page(self.poster.public_url, lead)
            buttons = self.buttons if isinstance(self.poster.place, WebApi) else None
            payload = card_payload(message, mention, lead, page, buttons)
            await self.poster.post(channel, payload, message)
            return Receipt()
        broadcast = is_broadcast(message, default=self.broadcast, mention=mention)
        thread = Thread(
            poster=self.poster,
            now=self.now,
            channel=channel,
            lead=lead,
            mention=mention,
            broadcast=broadcast,
            buttons=self.buttons,
        )
        return await thread.send(message)

    async def _send_digest(self, message: Message, headline: str) -> Receipt:
        mention = self._mention(message, None)
        digest = DigestPost(poster=self.poster, zone=self.zone, mention=mention)
        if self.channel == ASSIGNEE:
            return await digest.to_people(message)
        return await digest.to_channel(self.channel, message, headline)
