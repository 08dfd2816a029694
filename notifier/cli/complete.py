"""What a shell offers while somebody types: names in force, states, types of events.

A completion must say nothing and create nothing: where there is no database, or one that
cannot be read, it offers nothing.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from notifier.configuration.environment import read_environment
from notifier.configuration.read_settings import read_settings
from notifier.core.event_types import EventType
from notifier.core.outcome import State
from notifier.errors import NotifierError
from notifier.store import lead_search
from notifier.store.engine import opened_read_only
from notifier.store.opening import engine_at
from notifier.store.registry import Names, names

OFFERED = 20


def destinations(incomplete: str) -> list[str]:
    """Return the destinations in force."""
    return _beginning(incomplete, _in_force().destinations)


def rules_and_destinations(incomplete: str) -> list[str]:
    """Return the rules and destinations in force."""
    found = _in_force()
    return _beginning(incomplete, (*found.rules, *found.destinations))


def leads(incomplete: str) -> list[str]:
    """Return the ids of leads that changed last."""
    settings = read_settings(read_environment(os.environ, folder=Path.cwd())).settings
    try:
        with opened_read_only(engine_at(settings.database)) as session:
            return lead_search.newest(session, beginning=incomplete, limit=OFFERED)
    except NotifierError:
        return []


def states(incomplete: str) -> list[str]:
    """Return the states of a delivery."""
    return _beginning(incomplete, [state.value for state in State])


def event_types(incomplete: str) -> list[str]:
    """Return the types of events."""
    return _beginning(incomplete, [one.value for one in EventType])


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.casefold().startswith(incomplete.casefold())]


def _in_force() -> Names:
    settings = read_settings(read_environment(os.environ, folder=Path.cwd())).settings
    try:
        with opened_read_only(engine_at(settings.database)) as session:
            return names(session)
    except NotifierError:
        return Names(rules=(), destinations=())
