"""Takes up what other processes, and people, have written to the database."""

from collections.abc import Callable, Collection

from notifier.service import housekeeping
from notifier.service.engine import Engine
from notifier.service.shared import Shared
from notifier.store import acts


class ChangeWatcher:
    """Wakes the lanes of the present engine, and lets its cards show what has changed."""

    def __init__(
        self, shared: Callable[[], Shared], engine: Callable[[], Engine | None]
    ) -> None:
        self._shared = shared
        self._engine = engine
        self._seen: frozenset[int] = frozenset()  # acts that were looked at

    async def begin(self) -> None:
        """Pass over what was done before: a new engine has looked at that."""
        _, self._seen = await self._shared().store.read(acts.leads_acted_on, self._seen)

    async def watch(self) -> None:
        """Take up what there is; who is alone does so until cancelled, on any change."""
        shared, engine = self._shared(), self._engine()
        if shared.members is None:
            await housekeeping.watch(shared.store, self._all)
        elif engine:
            await engine.wake_due(shared)
            await self._cards()

    def wake_all(self) -> None:
        """Let every lane look for work."""
        if engine := self._engine():
            engine.dispatcher.wake_all()

    def wake(self, names: set[str]) -> None:
        """Let these destinations look for work."""
        if engine := self._engine():
            engine.dispatcher.wake(names)

    def refresh(self, keys: Collection[str]) -> None:
        """These leads, by their lane keys, have changed: so must the cards that show them."""
        if engine := self._engine():
            engine.dispatcher.refresh(keys)
        if keys and (members := self._shared().members):
            members.news.changed(keys)

    async def _all(self) -> None:
        self.wake_all()
        await self._cards()

    async def _cards(self) -> None:
        keys, self._seen = await self._shared().store.read(acts.leads_acted_on, self._seen)
        self.refresh(keys)
