"""Whether a message that was cut off stands in Slack all the same.

Each message carries its delivery's id as metadata. Where a program ended between Slack's
yes and its own commit, the channel's history (or the thread's replies) tells.

Source: Slack's conversations.history, conversations.replies, and message metadata.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from math import nan

from notifier.core.rows import Json
from notifier.destinations.base import Message
from notifier.destinations.slack_api import WebApi
from notifier.destinations.slack_channel_ids import ChannelIds
from notifier.destinations.slack_faults import Refusal, is_passing
from notifier.errors import TemporaryDeliveryError, UnsureDeliveryError

EVENT_TYPE = "notifier_delivery"
LOOK_AGAIN_S = 2.0  # a history lags a moment behind the post
LOOK_TIMEOUT_S = 5.0
LOOKS = 3  # that Slack does not answer: then a message is sent again rather than never
PAGE = 50
MOST_PAGES = 6
CLOCKS_DIFFER = timedelta(minutes=10)
# A deleted message says no more whose it was: what was deleted this soon after ours was due.
DELETED_WITHIN = timedelta(minutes=2)
DELETED = "tombstone"


def metadata(message: Message) -> dict[str, Json]:
    """Return what makes a message's copy in Slack known again."""
    return {
        "event_type": EVENT_TYPE,
        "event_payload": {
            "delivery_id": message.parts[0].delivery,
            # The delivery's number alone is another one's in another database.
            "message_id": _identity(message),
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a message stands."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Looks for messages in the channels that the token may read.

    ``unanswered`` counts, by a message's id, the times that Slack gave no answer.
    """

    api: WebApi
    channel_ids: ChannelIds
    unanswered: Counter[str] = field(default_factory=Counter)

    async def find(self, message: Message, channel: str, thread_ts: str = "") -> Found | None:
        """Return where a message that was cut off stands, ``None`` where it does not.

        Looks twice. What may not be read counts as not there, and what Slack does not
        answer several times. Raises :class:`UnsureDeliveryError` where it gives no answer
        now.
        """
        try:
            found = await self._found(message, channel, thread_ts)
        except TemporaryDeliveryError as fault:
            self.unanswered[message.id] += 1
            if self.unanswered[message.id] < LOOKS:
                raise UnsureDeliveryError(
                    str(fault), retry_after_s=fault.retry_after_s
                ) from None
            found = None
        del self.unanswered[message.id]
        return found

    async def _found(self, message: Message, channel: str, thread_ts: str) -> Found | None:
        place = ""
        for pause_s in (0.0, LOOK_AGAIN_S):
            await asyncio.sleep(pause_s)
            for look in _looks(message, thread_ts):
                try:
                    place = place or await self._place(channel)
                    if found := await self._look(look, place):
                        return found
                except Refusal as refusal:
                    if not is_passing(refusal):
                        continue
                    wish_s = refusal.retry_after_s
                    raise TemporaryDeliveryError(str(refusal), retry_after_s=wish_s) from None
        return None

    async def read(self, channel: str) -> None:
        """Read one message of a channel; raises :class:`Refusal` where that is not allowed."""
        asked = {"channel": await self.channel_ids.id_of(channel), "limit": 1}
        method = "conversations.history"
        await self.api.page(method, asked, "messages", timeout_s=LOOK_TIMEOUT_S)

    async def _place(self, channel: str) -> str:
        try:
            return await self.channel_ids.id_of(channel)
        except Refusal as refusal:
            if is_passing(refusal):
                raise
            return channel

    async def _look(self, look: "_Look", channel: str) -> Found | None:
        async for entry in self._entries(look, channel):
            if ts := look.ts_of(entry):
                return Found(channel=channel, ts=ts)
        return None

    async def _entries(
        self, look: "_Look", channel: str
    ) -> AsyncIterator[Mapping[str, object]]:
        method, asked = look.question(channel)
        cursor = ""
        for _ in range(MOST_PAGES):
            arguments = {**asked, "cursor": cursor} if cursor else asked
            entries, cursor = await self.api.page(
                method, arguments, "messages", timeout_s=LOOK_TIMEOUT_S
            )
            for entry in entries:
                yield entry
            if not cursor:
                return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What is looked for, and where; ``deleted``: also what a person has left of it."""

    message: Message
    since: datetime
    thread_ts: str
    deleted: bool = True

    def question(self, channel: str) -> tuple[str, dict[str, Json]]:
        """Return the method to call, and its arguments."""
        oldest = (self.since - CLOCKS_DIFFER).timestamp()
        asked: dict[str, Json] = {
            "channel": channel,
            "oldest": f"{oldest:.6f}",
            "include_all_metadata": "true",
            "limit": PAGE,
        }
        if not self.thread_ts:
            return "conversations.history", asked
        return "conversations.replies", {**asked, "ts": self.thread_ts}

    def ts_of(self, entry: Mapping[str, object]) -> str | None:
        """Return where an entry stands, if it is our message, or what was left of it."""
        ts, marked = entry.get("ts"), entry.get("metadata")
        if not isinstance(ts, str):
            return None
        is_ours = (
            _is_of(self.message, marked)
            if isinstance(marked, Mapping) and marked
            else self._is_remainder(entry, ts)
        )
        return ts if is_ours else None

    def _is_remainder(self, entry: Mapping[str, object], ts: str) -> bool:
        """Whether a person has deleted a message that can only have been ours."""
        if not self.deleted or entry.get("subtype") != DELETED or ts == self.thread_ts:
            return False
        after_s = _seconds(ts) - self.since.timestamp()
        return 0 <= after_s <= DELETED_WITHIN.total_seconds()


def _looks(message: Message, thread_ts: str) -> list[_Look]:
    """Return where a message may stand: in the channel, too, if its thread is younger."""
    since = message.cut_off
    assert since
    looks = [_Look(message=message, since=since, thread_ts=thread_ts)]
    if thread_ts and _seconds(thread_ts) >= (since - CLOCKS_DIFFER).timestamp():
        # What was deleted there may be the lead's card, or anybody's.
        looks.append(_Look(message=message, since=since, thread_ts="", deleted=False))
    return looks


def _seconds(ts: str) -> float:
    """Return when a message was posted, nan where Slack's time cannot be read."""
    try:
        return float(ts)
    except ValueError:
        return nan


def _is_of(message: Message, marked: Mapping[object, object]) -> bool:
    payload = marked.get("event_payload")
    if marked.get("event_type") != EVENT_TYPE or not isinstance(payload, Mapping):
        return False
    return payload.get("message_id") == _identity(message)


def _identity(message: Message) -> str:
    """Return the message's id as a digest: it holds the rule's name, and is long."""
    return sha256(message.id.encode()).hexdigest()[:32]
