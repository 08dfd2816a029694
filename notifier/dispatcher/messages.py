"""A claimed bundle → what its destination is given to send."""

from collections.abc import Mapping
from datetime import datetime

from notifier.core.records import Agent
from notifier.core.rows import moment_of
from notifier.destinations.base import Message, Part
from notifier.messages.text import Text
from notifier.store.claims import Claimed
from notifier.transactions.turn import Turn


def message_of(bundle: tuple[Claimed, ...], turn: Turn, agents: Mapping[str, Agent]) -> Message:
    """Return what a destination is given to send for a bundle that ``turn`` claimed."""
    lead, digest = bundle[0].lane_key, _headline(bundle)
    return Message(
        id=bundle[0].bundle,
        parts=tuple(_part(claimed) for claimed in bundle),
        digest=digest,
        # A collection is about no lead: each part goes to whoever has its own.
        lead=None if digest is not None else turn.leads.get(lead),
        mention=next((one.mention for one in bundle if one.mention), None),
        broadcast=next((b for one in bundle if (b := one.broadcast) is not None), None),
        memory=turn.memories.get(lead, {}),
        accepted=frozenset().union(*(one.accepted for one in bundle)),
        agents=agents,
        cut_off=_cut_off(bundle),
    )


def _cut_off(bundle: tuple[Claimed, ...]) -> datetime | None:
    """Return from when on a message may have been taken whose sending was cut off."""
    if not any(one.lost for one in bundle):
        return None
    return moment_of(max(one.planned_ms for one in bundle))


def _headline(bundle: tuple[Claimed, ...]) -> str | None:
    """Return a collection's name, none for a summary, ``None`` for what is about one lead."""
    match bundle[0].held:
        case "digest":
            return bundle[0].rule
        case "burst" if len({one.lane_key for one in bundle}) > 1:  # one lead needs no summary
            return ""
        case _:
            return None


def _part(claimed: Claimed) -> Part:
    return Part(
        event=claimed.event,
        body=claimed.event_body,
        text=Text(title=claimed.title or "", body=claimed.body or ""),
        rule=claimed.rule,
        delivery=claimed.id,
    )
