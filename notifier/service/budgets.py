"""One request budget for each token, kept where every process on the database finds it."""

import asyncio
from collections.abc import Callable

from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.configuration.settings import Settings
from notifier.store import sources
from notifier.store.db import Store
from notifier.upstream.budget import PAGES_AT_ONCE, Budget, token_key


class _Requests:
    """The request log that every process on this database shares."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        """Record a request where the budget grants it; see ``RequestLog``."""
        return await self._store.run(
            sources.claim_request, token_key, limit=limit, now_ms=now_ms
        )


def budgets(store: Store, settings: Settings, clocks: Clocks) -> Callable[[SecretStr], Budget]:
    """Return the budget of a token: one for all sources that use it."""
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
            )
        return budgets[key]

    return budget
