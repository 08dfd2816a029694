"""``/healthz``, ``/readyz``, ``/metrics`` and ``/poke`` on an address the operator chose."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from notifier.errors import BusyError, StoreError
from notifier.monitoring.listening import BOUNDS, Bounds, Handler, listening
from notifier.monitoring.poke import PokeDoor

DATABASE_TIMEOUT_S = 5.0
CLOSED = "The page is closed: set NOTIFIER_WEB_PASSWORD and restart the service to open it.\n"


class Pages(Protocol):
    """What is served beside the probes: :class:`notifier.web.site.Site`."""

    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request pass, or answer it otherwise; a middleware."""
        ...

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Return the routes of the pages."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Where the answers come from: troubles one sentence each, metrics as text.

    Both may raise StoreError and BusyError. Without a ``door`` nobody can poke, and
    without ``pages`` there is nothing to look at.
    """

    troubles: Callable[[], Awaitable[list[str]]]
    metrics: Callable[[], Awaitable[bytes]]
    door: PokeDoor | None = None
    pages: Pages | None = None


def serving(
    host: str, port: int, answers: Answers, *, bounds: Bounds = BOUNDS
) -> AbstractAsyncContextManager[int]:
    """Serve until the end of the block, as :func:`listening` does."""
    guards = [answers.pages.guard] if answers.pages else []
    return listening(routes(answers), host, port, bounds=bounds, guards=guards)


def routes(answers: Answers) -> list[web.AbstractRouteDef]:
    """Return all that is served."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_request: web.Request) -> web.Response:
        reasons = await _asked(answers.troubles)
        found = {"ready": not reasons, "reasons": reasons}
        return web.json_response(found, status=503 if reasons else 200)

    async def metrics(_request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(DATABASE_TIMEOUT_S):
                body = await answers.metrics()
        except (StoreError, BusyError, TimeoutError) as error:
            return web.Response(status=503, text=f"{_words(error)}\n")
        return web.Response(body=body, headers={"content-type": CONTENT_TYPE_LATEST})

    return [
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
        *(_poke_routes(answers.door) if answers.door else ()),
        *(answers.pages.routes() if answers.pages else (web.get("/", _closed),)),
    ]


async def _closed(_request: web.Request) -> web.Response:
    return web.Response(text=CLOSED)


def _poke_routes(door: PokeDoor) -> list[web.RouteDef]:
    async def poke(request: web.Request) -> web.Response:
        """Answer at once; the body is left unread, and the server drops it within bounds."""
        secret, source = request.match_info["secret"], request.match_info.get("source")
        if door.opens(secret) and door.poke(source):
            return web.Response(status=204)
        raise web.HTTPNotFound

    return [web.post("/poke/{secret}", poke), web.post("/poke/{secret}/{source}", poke)]


async def _asked(troubles: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """Return the troubles; a database that cannot be asked is one."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_S):
            return await troubles()
    except (StoreError, BusyError, TimeoutError) as error:
        return [_words(error)]


def _words(error: Exception) -> str:
    return str(error) or "the database does not answer"
