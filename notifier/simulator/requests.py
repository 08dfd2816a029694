"""What was asked of the simulator, and when."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request to the listing; ``at_s`` is monotonic, query values are as sent.

    ``status`` is what it was answered with, 0 where no answer was meant to arrive
    whole; ``fault`` names the fault it ran into.
    """

    at_s: float
    bot_id: str
    listing_type: str
    page: str
    status: int
    fault: str | None = None


class RequestLog:
    """The newest requests, oldest first, and a count of all.

    ``most_at_once`` is the greatest number under way for one bot at any moment.
    """

    def __init__(self, *, keep: int = 100_000) -> None:
        self.total = 0
        self.most_at_once = 0
        self._under_way: Counter[str] = Counter()
        self._kept: deque[Request] = deque(maxlen=keep)
        self._arrived = asyncio.Condition()

    def __len__(self) -> int:
        return len(self._kept)

    def all(self) -> list[Request]:
        """Return the kept requests, oldest first."""
        return list(self._kept)

    @contextmanager
    def under_way(self, bot_id: str) -> Iterator[None]:
        """Count a request for this bot as under way for the length of the block."""
        self._under_way[bot_id] += 1
        self.most_at_once = max(self.most_at_once, self._under_way[bot_id])
        try:
            yield
        finally:
            self._under_way[bot_id] -= 1

    async def add(self, request: Request) -> None:
        """Keep a request and wake whoever waits for it."""
        async with self._arrived:
            self.total += 1
            self._kept.append(request)
            self._arrived.notify_all()

    async def reached(self, total: int) -> None:
        """Return once ``total`` requests have come since the start."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.total >= total)

    def by_status(self) -> dict[int, int]:
        """Return how many requests got each status."""
        return dict(Counter(request.status for request in self._kept))

    def busiest(self, window_s: float = 60.0) -> int:
        """Return the greatest number of requests in any window of this length."""
        busiest, window = 0, deque[float]()
        for request in self._kept:
            window.append(request.at_s)
            while window[0] <= request.at_s - window_s:
                window.popleft()
            busiest = max(busiest, len(window))
        return busiest
