"""WebSockets that tell when they last heard of their server, and that they are over."""

import asyncio
from typing import Any

import aiohttp

SIGNS_OF_LIFE = frozenset({aiohttp.WSMsgType.PING, aiohttp.WSMsgType.TEXT})
LAST_WORDS = frozenset(
    {
        *(aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING),
        *(aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR),
    }
)


class HeardSocket(aiohttp.ClientWebSocketResponse):
    """A WebSocket as its client reads it.

    ``heard_s`` is when the server last said something unasked, by the loop's clock: an
    answer to our own ping may come from whatever stands between. ``over`` is set once
    nothing more will come.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.over = asyncio.Event()
        self.heard_s = asyncio.get_running_loop().time()

    async def receive(self, timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """Return the next frame."""
        frame = await super().receive(timeout)
        if frame.type in SIGNS_OF_LIFE:
            self.heard_s = asyncio.get_running_loop().time()
        elif frame.type in LAST_WORDS:
            self.over.set()
        return frame
