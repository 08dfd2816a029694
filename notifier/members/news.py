"""What members tell each other through the database, and hear, once a second."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from notifier.store import changed_cards, leases, pauses
from notifier.store.owned import Transactions


class Listener(Protocol):
    """Hears what others have told."""

    def poke(self, thing: str) -> None:
        """Look at a thing at once: another member was asked to have it done."""
        ...

    def refresh(self, keys: Collection[str]) -> None:
        """These leads, by their lane keys, have changed: others have seen it."""
        ...

    def pause(self, token: str, pause_ms: int) -> None:
        """Use a token, by its key, no more for so long: another member was told to pause."""
        ...


class News:
    """What is to be told; what could not be told yet is told later."""

    def __init__(self, store: Transactions) -> None:
        self._store = store
        self._owed_pokes: set[str] = set()
        self._changed: set[str] = set()
        self._pauses: dict[str, int] = {}
        self._pokes: Mapping[str, int] = {}  # as they were counted last
        self._heard: set[int] = set()  # numbers of changed cards
        self._paused: Mapping[str, int] = {}  # until when

    def poke(self, things: Iterable[str]) -> None:
        """Have those who hold these things look at them."""
        self._owed_pokes |= set(things)

    def changed(self, keys: Collection[str]) -> None:
        """These leads, by their lane keys, have changed."""
        self._changed |= set(keys)

    def pause(self, token: str, pause_ms: int) -> None:
        """The upstream wants a token to pause."""
        self._pauses[token] = pause_ms

    async def exchange(
        self, pokes: Mapping[str, int], listener: Listener, *, now_ms: int
    ) -> None:
        """Tell, and hear; ``pokes`` counts those of the things that are held here."""
        await self._tell(now_ms)
        for thing, count in pokes.items():
            if count > self._pokes.get(thing, count):
                listener.poke(thing)
        self._pokes = pokes
        heard = await self._store.read(changed_cards.heard, now_ms=now_ms)
        if fresh := heard.keys() - self._heard:
            listener.refresh({heard[one] for one in fresh})
        self._heard = set(heard)
        paused = await self._store.read(pauses.heard, now_ms=now_ms)
        for token, until_ms in paused.items():
            if until_ms != self._paused.get(token):
                listener.pause(token, until_ms - now_ms)
        self._paused = paused

    async def _tell(self, now_ms: int) -> None:
        run = self._store.run
        if owed := set(self._owed_pokes):
            await run(leases.poke, owed)
            self._owed_pokes -= owed
        if changed := set(self._changed):
            await run(changed_cards.tell, changed, now_ms=now_ms)
            self._changed -= changed
        if told := dict(self._pauses):
            await run(pauses.tell, told, now_ms=now_ms)
            self._pauses = {k: v for k, v in self._pauses.items() if told.get(k) != v}
