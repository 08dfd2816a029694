"""One request budget for each token, kept where every process on the database finds it."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.configuration.settings import Settings
from notifier.store import sources
from notifier.store.db import Store
from notifier.upstream.budget import PAGES_AT_ONCE, Budget, token_key

Paused: TypeAlias = Callable[[str, int], None]
"""Hears which token, by its key, is to pause, and for how many milliseconds."""


class _Requests:
    """The request log that every process on this database shares."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        """Record a request where the budget grants it; see ``RequestLog``."""
        return await self._store.run(
            sources.claim_request, token_key, limit=limit, now_ms=now_ms
        )


def _nobody(_token: str, _pause_ms: int) -> None:
    """Tell nobody: there are no other members."""


def budgets(
    store: Store, settings: Settings, clocks: Clocks, *, paused: Paused = _nobody
) -> Callable[[SecretStr], Budget]:
    """Return the budget of a token: one for all sources that use it.

    ``paused`` hears where one is to pause.
    """
    budgets: dict[str, Budget] = {}
    requests, slots = _Requests(store), asyncio.Semaphore(PAGES_AT_ONCE)

    def budget(token: SecretStr) -> Budget:
        key = token_key(token)
        if key not in budgets:
            budgets[key] = Budget(
                requests,
                key=key,
                limit=settings.rate_limit,
                clock_ms=clocks.monotonic_ms,
                slots=slots,
                paused=partial(paused, key),
            )
        return budgets[key]

    return budget
