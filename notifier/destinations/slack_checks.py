"""Looking whether Slack would take a message, without posting one."""

import re
from collections.abc import Mapping

from notifier.destinations.slack_api import WebApi
from notifier.destinations.slack_faults import Refusal

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")


async def describe(api: WebApi, channel: str, timeout_s: float) -> str:
    """Return who the token is and, as far as it may know, where it posts.

    Raises :class:`Refusal` for a refused token, or a channel it cannot see.
    """
    who = await api.call("auth.test", {}, timeout_s=timeout_s)
    return f"{who.get('user')} in {who.get('team')}, {await _where(api, channel, timeout_s)}"


async def _where(api: WebApi, channel: str, timeout_s: float) -> str:
    untried = f"posting to {channel} (untried)"
    # Slack looks channels up by id alone, though it posts to a name as well.
    if not CHANNEL_ID.fullmatch(channel):
        return untried
    try:
        asked = {"channel": channel}
        answer = await api.call("conversations.info", asked, timeout_s=timeout_s, form=True)
    except Refusal as refusal:
        # Posting needs no right to look.
        if refusal.code == "missing_scope":
            return untried
        raise
    found = answer.get("channel")
    if not isinstance(found, Mapping):
        return untried
    if found.get("is_member") is False and not found.get("is_im"):
        raise Refusal("conversations.info", 200, "not_in_channel")
    return f"posting to #{found.get('name', channel)}"
