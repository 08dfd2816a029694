"""Looking whether Slack would take a message, without posting one."""

import re
from collections.abc import Mapping

from notifier.destinations.base import Diagnosis
from notifier.destinations.slack_api import WebApi
from notifier.destinations.slack_faults import Refusal
from notifier.destinations.slack_history import History
from notifier.destinations.slack_people import ASSIGNEE
from notifier.errors import DeliveryError

SCOPES = (
    "with the scopes channels:history and channels:read (groups:history and groups:read in"
    " private channels) a message that was cut off by a crash is looked for before it is"
    " sent again; without them it may stand twice"
)
CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")


async def describe(api: WebApi, history: History, channel: str, timeout_s: float) -> Diagnosis:
    """Return who the token is and, as far as it may know, where it posts.

    Raises :class:`Refusal` for a refused token, or a channel it cannot see.
    """
    who = await api.call("auth.test", {}, timeout_s=timeout_s)
    where = await _where(api, channel, timeout_s)
    told = f"{who.get('user')} in {who.get('team')}, posting to "
    doubt = "" if channel == ASSIGNEE else await _unread(history, channel)
    if where is None:
        return Diagnosis(found=f"{told}{channel} (untried)", untried=True, doubt=doubt)
    return Diagnosis(found=told + where, doubt=doubt)


async def _unread(history: History, channel: str) -> str:
    """Return what a scope would bring that the token lacks, empty where it lacks none."""
    try:
        await history.read(channel)
    except Refusal as refusal:
        return SCOPES if refusal.code == "missing_scope" else ""
    except DeliveryError:
        return ""
    return ""


async def _where(api: WebApi, channel: str, timeout_s: float) -> str | None:
    """Return the channel's name, ``None`` where the token may not look it up."""
    # Slack looks channels up by id alone, though it posts to a name as well.
    if not CHANNEL_ID.fullmatch(channel):
        return None
    try:
        asked = {"channel": channel}
        answer = await api.call("conversations.info", asked, timeout_s=timeout_s, form=True)
    except Refusal as refusal:
        # Posting needs no right to look.
        if refusal.code == "missing_scope":
            return None
        raise
    found = answer.get("channel")
    if not isinstance(found, Mapping):
        return None
    if found.get("is_member") is False and not found.get("is_im"):
        raise Refusal("conversations.info", 200, "not_in_channel")
    return f"#{found.get('name', channel)}"
