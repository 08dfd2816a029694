"""An HTTP server with bounds: connections, time, bytes, log lines.

aiohttp answers; this module limits who may ask, and for how long. Nothing that a
stranger sends is logged.
"""

import asyncio
import errno
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from notifier.errors import ConfigError, Fault

# 0 would mean to wait for ever.
SHUTDOWN_S = 0.01
# Let in one after another, as many wait half a second; beyond them a caller is told to
# come again after a second.
BACKLOG = 1024
# The process, or the host, has no room for another connection just now.
FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
TOLD_EVERY_S = 60.0
CONTINUE = "100-continue"

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The bounds of the server; times are in seconds."""

    connections: int = 64
    # From connecting, or from the last answer, until the next request has come whole.
    idle_s: float = 60.0
    # From a whole request until the answer has been taken whole.
    answer_s: float = 30.0
    # For the rest of a body that nobody wanted.
    unread_s: float = 2.0
    header_bytes: int = 8190
    headers: int = 64
    body_bytes: int = 64 * 1024
    # Between two tries while the process can hold no further connection.
    full_s: float = 1.0


BOUNDS = Bounds()


@asynccontextmanager
async def listening(
    routes: Iterable[web.AbstractRouteDef],
    host: str,
    port: int,
    *,
    bounds: Bounds = BOUNDS,
    guards: Iterable[Middleware] = (),
) -> AsyncIterator[int]:
    """Serve until the end of the block; gives the port, which 0 leaves to the system.

    ``guards`` see every request before the routes do.

    Raises :class:`ConfigError` where the address cannot be listened on.
    """
    gate = _Gate(bounds)
    app = web.Application(
        middlewares=[gate.answered, *guards],
        client_max_size=bounds.body_bytes,
    )
    app.add_routes(routes)
    runner = _runner(app, bounds)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        assert runner.server, "set up"
        runner.server.request_handler = _expecting(runner.server.request_handler)
        listeners = await _bound(host, port, runner.server)
        for listener in listeners:
            stack.enter_context(listener)
            accepting = asyncio.create_task(gate.accept(listener, runner.server))
            stack.push_async_callback(_ended, accepting)
        yield listeners[0].getsockname()[1]


def _runner(app: web.Application, bounds: Bounds) -> web.AppRunner:
    return web.AppRunner(
        app,
        access_log=None,
        logger=_silent_about_strangers(),
        shutdown_timeout=SHUTDOWN_S,
        keepalive_timeout=bounds.idle_s,
        lingering_time=bounds.unread_s,
        max_field_size=bounds.header_bytes,
        max_headers=bounds.headers,
    )


class _Gate:
    """Accepts as many connections as the bounds allow; a new one replaces the oldest."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._busy: set[web.RequestHandler] = set()
        self._told_at_s: float | None = None

    async def accept(self, listener: socket.socket, server: web.Server) -> None:
        """Take connections until cancelled.

        asyncio's own server tries a hundred times at once where there is no room for
        another connection, and logs each try: gigabytes a day, and no time for the rest.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
                self._make_room(server)
                await loop.connect_accepted_socket(server, connection)
            except OSError as error:  # else it was gone before it was here
                if error.errno in FULL:
                    self._tell(error, now_s=loop.time())
                    await asyncio.sleep(self._bounds.full_s)

    @web.middleware
    async def answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer in time, the writing included, or break the connection off."""
        self._busy.add(request.protocol)
        try:
            async with asyncio.timeout(self._bounds.answer_s):
                response = await handler(request)
                await response.prepare(request)
                await response.write_eof()
                return response
        except TimeoutError:
            _cut(request.protocol)
            raise ConnectionAbortedError("the answer was not taken in time") from None
        finally:
            self._busy.discard(request.protocol)

    def _make_room(self, server: web.Server) -> None:
        """Cut the oldest connections off, those without a request under way first."""
        present = [one for one in server.connections if one.transport]
        excess = len(present) + 1 - self._bounds.connections
        if excess > 0:
            for one in sorted(present, key=self._busy.__contains__)[:excess]:
                _cut(one)

    def _tell(self, error: OSError, *, now_s: float) -> None:
        if self._told_at_s is None or now_s - self._told_at_s >= TOLD_EVERY_S:
            self._told_at_s = now_s
            log.warning("http_full", error=error.strerror)


def _expecting(handler: Answer) -> Answer:
    """Refuse what a request expects beyond ``100-continue``, before it is routed.

    aiohttp's own refusal quotes it, fails where that is no UTF-8, and logs the failure.
    """

    async def expecting(request: web.BaseRequest) -> web.StreamResponse:
        if (request.headers.get("expect") or CONTINUE).lower() != CONTINUE:
            return web.Response(status=417, text="417: Expectation Failed")
        return await handler(request)

    return expecting


def _cut(connection: web.RequestHandler) -> None:
    # Closing alone would wait until all that is written has been taken.
    if connection.transport:
        connection.transport.abort()
    connection.force_close()


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _bound(host: str, port: int, server: web.Server) -> list[socket.socket]:
    """Return a listening socket for each of the host's addresses, bound as asyncio binds."""
    loop = asyncio.get_running_loop()
    try:
        held = await loop.create_server(server, host, port, start_serving=False)
        listeners = [one.dup() for one in held.sockets]
        held.close()
        for one in listeners:
            one.listen(BACKLOG)
    except OSError as error:
        raise _taken(host, port, error) from error
    return listeners


def _taken(host: str, port: int, error: OSError) -> ConfigError:
    # asyncio's own text repeats the address, and with some versions the error's number.
    known = not isinstance(error, socket.gaierror) and error.errno
    reason = os.strerror(known).lower() if known else error.strerror or str(error)
    return ConfigError(
        [
            Fault(
                where="NOTIFIER_HTTP",
                problem=f"cannot listen on {host}:{port}: {reason}",
                remedy="choose another port, or stop what uses it",
            )
        ]
    )


def _silent_about_strangers() -> logging.Logger:
    """Return aiohttp's logger without what it says of requests, or of whom they came from."""
    logger = logging.getLogger("aiohttp.server.bounded")
    logger.addFilter(_in_our_words)
    return logger


def _in_our_words(line: logging.LogRecord) -> bool:
    """Tell a fault of this program in a line of our own; what somebody sent is not told."""
    error = line.exc_info[1] if line.exc_info else None
    if not isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError):
        log.error("request_crashed", exc_info=error)
    return False
