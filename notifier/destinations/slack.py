"""Slack: one thread per lead and channel, headed by a card that stays up to date.

Source: Slack's Web API (chat.postMessage, chat.update) and incoming webhooks.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from notifier.core.records import Lead
from notifier.destinations.base import (
    BuildContext,
    Diagnosis,
    KindOptions,
    Message,
    Receipt,
    missing,
)
from notifier.destinations.slack_actors import Actors, check_actors
from notifier.destinations.slack_api import IncomingWebhook, WebApi
from notifier.destinations.slack_buttons import Buttons
from notifier.destinations.slack_channel_ids import ChannelIds
from notifier.destinations.slack_channels import check_channel
from notifier.destinations.slack_checks import describe
from notifier.destinations.slack_faults import Refusal, translated
from notifier.destinations.slack_history import History
from notifier.destinations.slack_people import ASSIGNEE, shares, slack_id
from notifier.destinations.slack_post import Poster
from notifier.destinations.slack_sender import Sender
from notifier.errors import DeliveryError
from notifier.messages.escape import safe_link
from notifier.messages.text import Medium
from notifier.network.targets import target_of

SEND_TIMEOUT_S = 15.0
UPDATE_TIMEOUT_S = 5.0


def _check_url(secret: SecretStr) -> SecretStr:
    target_of(secret.get_secret_value())
    if not safe_link(secret.get_secret_value()):
        raise ValueError("an incoming webhook's URL starts with https://hooks.slack.com/")
    return secret


class SlackOptions(KindOptions):
    """``{type: slack, channel: …}`` or ``{type: slack, webhook_url: …}`` in the rules file."""

    medium: ClassVar[Medium] = Medium.SLACK
    is_read_by_people: ClassVar[bool] = True
    delivered_means: ClassVar[str] = "Slack took it"

    type: Literal["slack"] = Field(description="The kind of destination.")
    channel: Annotated[str, AfterValidator(check_channel)] | None = Field(
        default=None,
        min_length=1,
        description="A channel's name or id, or assignee for direct messages; needs a token.",
    )
    webhook_url: Annotated[SecretStr, AfterValidator(_check_url)] | None = Field(
        default=None, description="An incoming webhook's URL; it has no threads."
    )

    actions: Annotated[Actors, BeforeValidator(check_actors)] = Field(
        default=Actors.EVERYONE,
        description="Who may act by a card's buttons: everyone, agents, or none.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.channel is None) == (self.webhook_url is None):
            raise ValueError("a slack destination has either `channel` or `webhook_url`")
        return self

    def build(self, name: str, context: BuildContext) -> "SlackDestination":
        """Return the destination: channels and direct messages need a token."""
        if self.channel is not None and context.slack_token is None:
            raise missing(name, "NOTIFIER_SLACK_TOKEN", "a Slack channel needs a bot token")
        return SlackDestination(
            name,
            self,
            token=context.slack_token,
            api_url=context.slack_api_url,
            now=context.now,
            zone=context.zone,
            public_url=context.public_url,
            button_secret=context.button_secret,
        )

    def reaches(self) -> str:
        """Return the channel, or that it is an incoming webhook's."""
        if self.channel is None:
            return "the channel of an incoming webhook"
        return f"Slack, {self.channel}"

    def channel_key(self) -> str:
        """Return what is equal for destinations that post to the same channel."""
        if self.webhook_url is not None:
            return f"slack {sha256(self.webhook_url.get_secret_value().encode()).hexdigest()}"
        return f"slack {(self.channel or '').removeprefix('#').lower()}"

    def unresolved(self, message: Message) -> frozenset[int]:
        """Return the positions of the parts whose assignee has no Slack id."""
        if self.channel != ASSIGNEE:
            return frozenset()
        if message.digest is not None:
            return shares(message)[1]
        lead = message.lead or message.parts[-1].event.lead
        reached = slack_id(lead, message.agents) is not None
        return frozenset() if reached else frozenset(range(len(message.parts)))


OPTIONS = SlackOptions


class SlackDestination:
    """Posts to one channel, to whoever has the lead, or to one incoming webhook.

    ``min_interval_s``: Slack takes one message a second per channel.
    """

    slots = 1
    min_interval_s = 1.0

    def __init__(
        self,
        name: str,
        options: SlackOptions,
        *,
        token: SecretStr | None,
        api_url: str | None,
        now: Callable[[], datetime],
        zone: tzinfo,
        public_url: str | None = None,
        button_secret: bytes | None = None,
        send_timeout_s: float = SEND_TIMEOUT_S,
        update_timeout_s: float = UPDATE_TIMEOUT_S,
    ) -> None:
        self.name = name
        self._channel = options.channel or ""
        self._now = now
        place = _place(options, token=token, api_url=api_url, now=now)
        self._history = _history(place)
        self._poster = Poster(
            place=place,
            post_timeout_s=send_timeout_s,
            update_timeout_s=update_timeout_s,
            public_url=public_url,
            history=self._history,
        )
        self._sender = Sender(
            poster=self._poster,
            channel=self._channel,
            mention=options.mention,
            broadcast=options.broadcast,
            thread=options.thread,
            now=now,
            zone=zone,
            buttons=_buttons(name, options, button_secret),
        )

    async def send(self, message: Message) -> Receipt:
        """Post the message, as a reply where the lead has a card; see ``Destination``."""
        try:
            return await self._sender.send(message)
        except Refusal as refusal:
            raise self._translated(refusal) from None

    def outdated(self, lead: Lead, memory: Mapping[str, str]) -> bool:
        """Whether the lead has a young card here that shows something else."""
        card = self._sender.card(lead, memory)
        return card is not None and card.is_due(lead, self._now())

    async def refresh(self, lead: Lead, memory: Mapping[str, str]) -> Mapping[str, str]:
        """Bring a lead's card up to date without a message.

        Returns what is to be remembered, empty where nothing changed; raises a
        delivery error where Slack did not take it.
        """
        card = self._sender.card(lead, memory)
        return await self._sender.refresh(card, lead) if card else {}

    async def check(self) -> Diagnosis:
        """Return who the token is and where it posts; posts nothing.

        Raises a delivery error where Slack refuses.
        """
        place = self._poster.place
        if isinstance(place, IncomingWebhook):
            found = "an incoming webhook, which can only be tried by posting"
            return Diagnosis(found=found, untried=True)
        assert self._history
        try:
            return await describe(
                place, self._history, self._channel, self._poster.post_timeout_s
            )
        except Refusal as refusal:
            raise self._translated(refusal) from None

    async def aclose(self) -> None:
        """Close the connections to Slack."""
        await self._poster.place.aclose()

    def _translated(self, refusal: Refusal) -> DeliveryError:
        return translated(refusal, to_a_person=self._channel == ASSIGNEE)


def _buttons(name: str, options: SlackOptions, secret: bytes | None) -> Buttons | None:
    if secret is None or options.actions is Actors.NONE:
        return None
    return Buttons(destination=name, secret=secret)


def _history(place: WebApi | IncomingWebhook) -> History | None:
    if isinstance(place, IncomingWebhook):
        return None
    return History(api=place, channel_ids=ChannelIds(api=place))


def _place(
    options: SlackOptions,
    *,
    token: SecretStr | None,
    api_url: str | None,
    now: Callable[[], datetime],
) -> WebApi | IncomingWebhook:
    if options.webhook_url:
        return IncomingWebhook(options.webhook_url, now=now)
    assert token, "a Slack channel needs a bot token"
    return WebApi(token=token, base_url=api_url, now=now)
