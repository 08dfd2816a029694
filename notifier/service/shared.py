"""What outlives a reload, and who works by which lease."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TextIO

from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.configuration.load import Configuration
from notifier.configuration.settings import Settings
from notifier.core.leases import CLICKS, UPKEEP, Lease, lane, source
from notifier.members.membership import Membership
from notifier.monitoring.pages import Pages
from notifier.store.db import Store
from notifier.store.owned import OwnedStore, OwnerStore
from notifier.transactions.turn import Turn
from notifier.upstream.budget import Budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What outlives a reload; ``observe`` hears of lanes' turns, ``out`` is for consoles.

    ``members`` is ``None`` where the program is alone with its database, and owns all.
    """

    settings: Settings
    store: Store
    client: Pages
    observe: Callable[[str, Turn], None]
    budget: Callable[[SecretStr], Budget]
    clocks: Clocks
    out: TextIO
    members: Membership | None = None

    def store_of(self, lease: Lease) -> OwnerStore:
        """Return the database as the holder of this lease sees it."""
        if self.members is None:
            return self.store
        return OwnedStore(self.store, lease, self.members.trusts)

    def held(self, things: Iterable[str]) -> list[Lease]:
        """Return the leases to begin with: who is alone holds everything."""
        if self.members is not None:
            return self.members.held()
        return [Lease(thing=one, holder="", epoch=0) for one in sorted(things)]


def things_of(config: Configuration) -> frozenset[str]:
    """Return everything that somebody has to work on."""
    settings = config.settings
    return frozenset(
        (
            UPKEEP,
            *([CLICKS] if settings.slack_app_token and settings.slack_token else ()),
            *(source(one.source.bot_id) for one in config.sources),
            *map(lane, config.ruleset.destinations),
        )
    )
