"""Channels by their ids: Slack posts to a name, but reads by id alone.

Source: Slack's users.conversations and conversations.open.
"""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from notifier.core.rows import Json
from notifier.destinations.slack_api import WebApi
from notifier.destinations.slack_faults import Refusal

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,}")
USER_ID = re.compile(r"[UW][A-Z0-9]{2,}")
TIMEOUT_S = 5.0
PAGE = 200
MOST_PAGES = 10
TYPES = ("public_channel,private_channel", "public_channel")  # the second needs less


@dataclass(slots=True, kw_only=True)
class ChannelIds:
    """The ids that were found; a channel that was renamed is found anew after a restart."""

    api: WebApi
    _known: dict[str, str] = field(default_factory=dict)

    async def id_of(self, channel: str) -> str:
        """Return the id of a channel, or of the direct messages with a person.

        ``channel`` itself where nothing more is known. Raises :class:`Refusal` where the
        token may not ask.
        """
        if CHANNEL_ID.fullmatch(channel):
            return channel
        if channel not in self._known:
            is_person = USER_ID.fullmatch(channel)
            found = await (self._direct(channel) if is_person else self._named(channel))
            if not found:
                return channel
            self._known[channel] = found
        return self._known[channel]

    def learn(self, channel: str, answer: Mapping[str, Json]) -> None:
        """Remember the id that posting to a channel returned."""
        found = answer.get("channel")
        if isinstance(found, str) and CHANNEL_ID.fullmatch(found):
            self._known[channel] = found

    async def _direct(self, user: str) -> str:
        asked = {"users": user}
        answer = await self.api.call(
            "conversations.open", asked, timeout_s=TIMEOUT_S, form=True
        )
        found = answer.get("channel")
        return _id_in(found) if isinstance(found, Mapping) else ""

    async def _named(self, channel: str) -> str:
        """Return the id of a channel that the app is in, empty where it is in none such."""
        name = channel.removeprefix("#").lower()
        for types in TYPES:
            try:
                async for found in self._joined(types):
                    if found.get("name") == name:
                        return _id_in(found)
            except Refusal as refusal:
                if refusal.code != "missing_scope" or types == TYPES[-1]:
                    raise
            else:
                return ""
        return ""

    async def _joined(self, types: str) -> AsyncIterator[Mapping[str, object]]:
        asked: dict[str, Json] = {"types": types, "exclude_archived": "true", "limit": PAGE}
        cursor = ""
        for _ in range(MOST_PAGES):
            channels, cursor = await self.api.page(
                "users.conversations",
                {**asked, "cursor": cursor} if cursor else asked,
                "channels",
                timeout_s=TIMEOUT_S,
            )
            for one in channels:
                yield one
            if not cursor:
                return


def _id_in(found: Mapping[str, object]) -> str:
    word = found.get("id")
    return word if isinstance(word, str) and CHANNEL_ID.fullmatch(word) else ""
