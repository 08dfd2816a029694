"""One stream a tab, which says only that something has changed.

It ends by itself after a while, since the server bounds every answer; the browser asks
again at once. However many listen, the database is asked once. Who begins to listen is told
after the next reading: what they show may be older than that.
"""

import asyncio
import contextlib

from aiohttp import web

from notifier.errors import BusyError, StoreError
from notifier.store.pages_marks import Marks, marks
from notifier.web.context import PageContext
from notifier.web.guard import HEADERS
from notifier.web.visit import Visit

EVERY_S = 1.0
LASTS_S = 20.0
RETRY_MS = 1000


class Changes:
    """Renderer for changes while somebody listens."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._listeners: dict[asyncio.Event, Marks | None] = {}  # by what they were told of
        self._watch: asyncio.Task[None] | None = None

    async def tell(self, _context: PageContext, visit: Visit) -> web.StreamResponse:
        """Write ``changed`` at first and whenever something has, at most once a second."""
        response = web.StreamResponse(
            headers={**HEADERS, "content-type": "text/event-stream; charset=utf-8"}
        )
        if visit.request.method == "HEAD":
            return response
        heard = asyncio.Event()
        self._listeners[heard] = None
        if self._watch is None:
            self._watch = asyncio.create_task(self._look())
        try:
            await response.prepare(visit.request)
            await response.write(f"retry: {RETRY_MS}\n\n".encode())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LASTS_S):
                    while True:
                        await heard.wait()
                        heard.clear()
                        await response.write(b"event: changed\ndata: \n\n")
        finally:
            del self._listeners[heard]
        return response

    async def _look(self) -> None:
        """Tell the listeners, until there are none."""
        while self._listeners:
            with contextlib.suppress(StoreError, BusyError):  # the page tells of it
                found = await self._context.reader.read(marks)
                for one, told_of in self._listeners.items():
                    if told_of != found:
                        self._listeners[one] = found
                        one.set()
            await asyncio.sleep(EVERY_S)
        self._watch = None
