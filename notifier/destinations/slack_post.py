"""Posting and updating, whichever way a destination reaches Slack."""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.core.rows import Json
from notifier.destinations.base import Message
from notifier.destinations.slack_api import IncomingWebhook, WebApi
from notifier.destinations.slack_faults import OF_THE_MESSAGE, OF_THE_METADATA, Refusal
from notifier.destinations.slack_history import Found, History, metadata
from notifier.messages.escape import shorten_mrkdwn

MAX_PLAIN_CHARS = 300

Payload = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """A place to post to, and how long one call may take, in seconds."""

    place: WebApi | IncomingWebhook
    post_timeout_s: float
    update_timeout_s: float
    public_url: str | None = None
    history: History | None = None

    async def post(self, channel: str, payload: Payload, message: Message) -> Payload | Found:
        """Post, unless an attempt that was cut off has brought the message there already.

        Where Slack dislikes the message itself, it is posted once more as plain text.
        Returns Slack's answer, empty from a webhook, or where the message stood; raises
        :class:`Refusal`.
        """
        if self.history and message.cut_off:
            thread_ts = str(payload.get("thread_ts", ""))
            if found := await self.history.find(message, channel, thread_ts):
                return found
        marked = {"metadata": metadata(message)} if self.history else {}
        whole = {**payload, **marked, "unfurl_links": False, "unfurl_media": False}
        try:
            return await self._call(channel, whole)
        except Refusal as refusal:
            if OF_THE_METADATA.fullmatch(refusal.code):
                del whole["metadata"]
                return await self._call(channel, whole)
            if refusal.code not in OF_THE_MESSAGE:
                raise
        del whole["blocks"]
        whole["text"] = shorten_mrkdwn(whole["text"], MAX_PLAIN_CHARS)
        return await self._call(channel, whole)

    async def update(self, payload: Payload) -> None:
        """Change a posted message; raises :class:`Refusal`."""
        assert isinstance(self.place, WebApi), "webhooks cannot update"
        await self.place.call("chat.update", payload, timeout_s=self.update_timeout_s)

    async def _call(self, channel: str, payload: Payload) -> Payload:
        if isinstance(self.place, IncomingWebhook):
            await self.place.post(payload, timeout_s=self.post_timeout_s)
            return {}
        payload = {**payload, "channel": channel}
        return await self.place.call("chat.postMessage", payload, timeout_s=self.post_timeout_s)
