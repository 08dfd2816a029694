"""Reads how the program is doing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from notifier.clocks import Clocks
from notifier.store import health
from notifier.store.db import Store
from notifier.store.health import Overview

Bots: TypeAlias = Callable[[], Mapping[str, str]]
"""The keys of the tokens in use, by bot id."""


def _yes() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRole:
    """One program's part in the work: whether it ``is_in``, and whether it ``tells`` for all.

    Who is alone with a database is always in, and tells.
    """

    is_in: Callable[[], bool] = _yes
    tells: Callable[[], bool] = _yes


@dataclass(slots=True, kw_only=True)
class HealthReader:
    """Looks into the database; ``bots`` tells whose, and a reload changes it."""

    store: Store
    clocks: Clocks
    bots: Bots = dict
    part: MemberRole = field(default_factory=MemberRole)

    async def read(self) -> Overview:
        """Return how everything stands; raises StoreError or BusyError."""
        return await self.store.read(health.overview, now_ms=self.clocks.now_ms())
