"""Cards that show a lead's details: brought up to date while there is nothing to send."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from notifier.core.records import Lead
from notifier.errors import BusyError, DamagedError, DeliveryError, StoreError
from notifier.store import destinations
from notifier.store.owned import OwnerStore
from notifier.store.session import Session
from notifier.transactions.leads import CurrentLead

LOOK_AT = 50  # leads a look: each is read and laid out on the database's thread
TRIES = 3
KEPT_MS = 30 * 24 * 3_600_000


@runtime_checkable
class KeepsCards(Protocol):
    """A destination whose earlier messages show a lead's current state."""

    def outdated(self, lead: Lead, memory: Mapping[str, str]) -> bool:
        """Whether it has a card of this lead that shows something else."""
        ...

    async def refresh(self, lead: Lead, memory: Mapping[str, str]) -> Mapping[str, str]:
        """Update the card; return what to remember. Raises a delivery error if refused."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """A card to bring up to date: ``lead`` is what it should show."""

    key: str
    lead: Lead
    memory: Mapping[str, str]


class CardQueue:
    """The leads that have changed, each once however often it did."""

    def __init__(
        self, cards: KeepsCards, *, store: OwnerStore, current_lead: CurrentLead
    ) -> None:
        self._cards = cards
        self._store = store
        self._current_lead = current_lead
        self._tries: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._tries)

    def add(self, keys: Iterable[str]) -> None:
        """These leads, by their lane keys, have changed."""
        for key in keys:
            self._tries[key] = 0

    async def recover(self, *, now_ms: int) -> None:
        """Look at every young card: what changed just before a stop was not updated."""
        since_ms = now_ms - KEPT_MS
        with suppress(StoreError, BusyError):
            self.add(await self._store.read(destinations.remembered, since_ms=since_ms))

    async def next(self) -> Outdated | None:
        """Take the next card that is outdated, past those that are not."""
        while self._tries:
            keys = list(self._tries)[:LOOK_AT]
            try:
                found = await self._store.read(_outdated, self._cards, self._current_lead, keys)
            except (StoreError, BusyError):
                return None  # the next turn looks again
            for key in keys[: keys.index(found.key)] if found else keys:
                self._tries.pop(key, None)
            if found:
                return found
        return None

    async def refresh(self, card: Outdated, *, now_ms: int) -> None:
        """Update one card; what fails is tried a few times more, after the others."""
        tries = self._tries.pop(card.key, 0) + 1
        try:
            self._store.check()
            remembered = await self._cards.refresh(card.lead, card.memory)
            await self._store.run(destinations.remember, card.key, remembered, now_ms=now_ms)
        except (DeliveryError, StoreError, BusyError) as error:
            if tries < TRIES:
                self._tries.setdefault(card.key, tries)
            if isinstance(error, DeliveryError):
                raise


def _outdated(
    session: Session, cards: KeepsCards, current_lead: CurrentLead, keys: Iterable[str]
) -> Outdated | None:
    """Return the first of these leads whose card shows something else."""
    for key in keys:
        with suppress(DamagedError):
            memory = destinations.memory(session, key)
            lead = current_lead(session, key) if memory else None
            if lead is not None and cards.outdated(lead, memory):
                return Outdated(key=key, lead=lead, memory=memory)
    return None
