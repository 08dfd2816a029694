"""The lead behind a lane key, as it is now."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from notifier.core.records import Lead, Source, parse
from notifier.core.rows import stored_row
from notifier.rules.model import Ruleset
from notifier.store import lead_acts, snapshots
from notifier.store.session import Session

CurrentLead: TypeAlias = Callable[[Session, str], Lead | None]
"""Gives a lead's current state by its lane key."""


def current_lead(
    session: Session, key: str, watched: Mapping[str, Source], rules: Ruleset
) -> Lead | None:
    """Return the current state of the lead under a lane's ``key``.

    ``watched`` gives sources by bot id. ``None`` where the key names no lead; raises
    :class:`DamagedError` where what is stored of it cannot be read.
    """
    bot_id, _, lead_id = key.partition("/")
    found = snapshots.row(session, bot_id, lead_id)
    if found is None or bot_id not in watched:
        return None
    listing_type, row = found
    lead = parse(
        stored_row(row), listing_type=listing_type, source=watched[bot_id], agents=rules.agents
    )
    return lead_acts.with_taken(session, lead)
