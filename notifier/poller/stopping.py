"""A stop that ends waiting at once, and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


class Stop:
    """Asked for once; whoever waits under :meth:`unless` waits no longer."""

    def __init__(self) -> None:
        self.requested = False
        self._waiting: asyncio.Timeout | None = None

    def request(self) -> None:
        """Stop, from the event loop's own thread."""
        asked_before, self.requested = self.requested, True
        if self._waiting is not None and not asked_before:  # it is ending already
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def unless(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Return what ``call`` returns, or cancel it and return ``None`` upon a stop.

        One call at a time. It must let no TimeoutError of its own through.
        """
        if self.requested:
            return None
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await call()
        except TimeoutError:
            return None
        finally:
            self._waiting = None
