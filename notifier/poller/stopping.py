"""What ends waiting at once, and nothing else: a stop, or a call to go on."""

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


class Patience:
    """Waits that :meth:`end` ends early, one at a time."""

    def __init__(self) -> None:
        self._waiting: asyncio.Timeout | None = None

    def end(self) -> None:
        """End the present wait, from the event loop's own thread; a later one is not."""
        if self._waiting is not None and not self._waiting.expired():
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def wait(self, call: Callable[[], Awaitable[T]], *, most_s: float | None) -> T | None:
        """Return what ``call`` returns, or cancel it and return ``None`` at the wait's end.

        It must let no TimeoutError of its own through.
        """
        try:
            async with asyncio.timeout(most_s) as self._waiting:
                return await call()
        except TimeoutError:
            return None
        finally:
            self._waiting = None
