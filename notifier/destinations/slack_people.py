"""Whom a Slack message is for: mentions, direct messages, and their shares of a digest."""

from collections.abc import Mapping, Sequence

from notifier.core.event_types import OVERDUE
from notifier.core.outcome import UNRESOLVED
from notifier.core.records import Agent, Lead
from notifier.destinations.base import Message
from notifier.errors import SkippedDeliveryError

ASSIGNEE = "assignee"
GROUPS = {"here": "<!here>", "channel": "<!channel>"}

Agents = Mapping[str, Agent]


def slack_id(lead: Lead | None, agents: Agents) -> str | None:
    """Return the Slack user id of whoever has the lead, as ``agents`` knows them now."""
    if lead is None or lead.assignee is None:
        return None
    return agents.get(lead.assignee.id, lead.assignee).slack


def recipient(lead: Lead | None, agents: Agents) -> str:
    """Return whom to write to; raises :class:`SkippedDeliveryError` where that is nobody."""
    user = slack_id(lead, agents)
    if not user:
        raise SkippedDeliveryError(UNRESOLVED)
    return user


def mention_of(wanted: str | None, lead: Lead | None, agents: Agents) -> str:
    """Return the mrkdwn that notifies ``here``, ``channel``, a user id or the assignee."""
    user = slack_id(lead, agents) if wanted == ASSIGNEE else wanted
    if not user:
        return ""
    return GROUPS.get(user, f"<@{user}>")


def is_broadcast(message: Message, *, default: bool | None, mention: str) -> bool:
    """Whether a reply also shows in the channel: what is urgent must be seen there."""
    wanted = default if message.broadcast is None else message.broadcast
    if wanted is not None:
        return wanted
    return bool(mention) or any(part.event.type in OVERDUE for part in message.parts)


def shares(message: Message) -> tuple[Mapping[str, Sequence[int]], frozenset[int]]:
    """Return where each assignee's parts of a digest stand, by Slack user id, and nobody's."""
    found: dict[str, list[int]] = {}
    unresolved = set()
    for position, part in enumerate(message.parts):
        if user := slack_id(part.event.lead, message.agents):
            found.setdefault(user, []).append(position)
        else:
            unresolved.add(position)
    return found, frozenset(unresolved)
