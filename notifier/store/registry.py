"""What the rules in force name: commands know it without reading any rules file."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from notifier.store import service_state, sources
from notifier.store.batches import NOBODY
from notifier.store.session import Session

RULES = "rule_names"
MEANINGS = "delivered_means"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of the rules and destinations in force."""

    rules: tuple[str, ...]
    destinations: tuple[str, ...]


def set_active(
    session: Session,
    *,
    watched: Mapping[str, str],
    destinations: Mapping[str, str],
    rules: Iterable[str],
    meanings: Mapping[str, str] | None = None,
    bots_of_others: Collection[str] = (),
    destinations_of_others: Collection[str] = (),
) -> None:
    """Note the sources (bot id to name), the destinations (name to kind) and the rules.

    ``meanings`` tells by kind what "delivered" means.

    All but those ``of_others``, members with other rules, are forgotten as such; what they
    left in the database stays.
    """
    for bot_id, name in watched.items():
        sources.register(session, bot_id, name)
    session.spread(
        "DELETE FROM sources WHERE bot_id NOT IN (:kept)",
        {"kept": [*watched, *bots_of_others, NOBODY]},
    )
    session.spread(
        "UPDATE destinations SET kind = NULL WHERE name NOT IN (:kept)",
        {"kept": [*destinations_of_others, NOBODY]},
    )
    session.executemany(
        "INSERT INTO destinations (name, kind) VALUES (:name, :kind)"
        " ON CONFLICT (name) DO UPDATE SET kind = excluded.kind",
        [{"name": name, "kind": kind} for name, kind in destinations.items()],
    )
    service_state.put(session, RULES, msgspec.json.encode(list(rules)).decode())
    service_state.put(session, MEANINGS, msgspec.json.encode(dict(meanings or {})).decode())


def meanings(session: Session) -> dict[str, str]:
    """Return what "delivered" means, by the kinds of the rules in force."""
    found: dict[str, str] = msgspec.json.decode(service_state.read(session).get(MEANINGS, "{}"))
    return found


def names(session: Session) -> Names:
    """Return the names that the rules in force know."""
    known = session.execute(
        "SELECT name FROM destinations WHERE kind IS NOT NULL ORDER BY name"
    )
    return Names(
        rules=tuple(msgspec.json.decode(service_state.read(session).get(RULES, "[]"))),
        destinations=tuple(name for (name,) in known),
    )
