"""A look at how the program is doing, for everyone who asks."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from notifier.clocks import Clocks
from notifier.store import vitals
from notifier.store.db import Store
from notifier.store.vitals import Vitals


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the rules in force name: token keys by bot id, and destinations."""

    bots: Mapping[str, str]
    destinations: Collection[str]


@dataclass(slots=True, kw_only=True)
class Watch:
    """Looks into the database; ``watched`` tells what for, and a reload changes it."""

    store: Store
    clocks: Clocks
    watched: Callable[[], Watched] = lambda: Watched(bots={}, destinations=())

    async def look(self, watched: Watched) -> Vitals:
        """Return how all of it stands; raises StoreError or BusyError."""
        return await self.store.look(
            vitals.vitals,
            bots=tuple(watched.bots),
            names=tuple(watched.destinations),
            now_ms=self.clocks.now_ms(),
            monotonic_ms=self.clocks.monotonic_ms(),
        )
