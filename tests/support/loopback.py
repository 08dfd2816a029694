"""An aiohttp server on a free loopback port, and the replies it is told to give."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from notifier.simulator.wire import (
    STOP_S,
    drip,
    hang,
    head,
    reset,
    send_and_close,
    stream,
)


class Ending(StrEnum):
    """How a reply ends; only ``WHOLE`` is what HTTP expects."""

    WHOLE = "whole"
    TRUNCATED = "truncated"
    DRIPPED = "dripped"
    ENDLESS = "endless"
    HANG = "hang"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. ``gate`` is waited for before a single byte is sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    ending: Ending = Ending.WHOLE
    gate: asyncio.Event | None = None
    interval_s: float = 0.05


def json_reply(content: object, *, status: int = 200, **headers: str) -> Reply:
    """Return a JSON reply; ``retry_after="3"`` becomes the header ``retry-after``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(
        status=status,
        headers={"content-type": "application/json", **named},
        body=orjson.dumps(content),
    )


class Loopback:
    """Serves ``app`` while entered; subclasses add what they catch and answer."""

    def __init__(self, app: web.Application, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=STOP_S
        )
        self._arrived = asyncio.Condition()

    @property
    def base_url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    async def _keep(self, caught: list[Any], entry: Any) -> None:
        async with self._arrived:
            caught.append(entry)
            self._arrived.notify_all()

    async def _wait_for(self, caught: list[Any], count: int) -> None:
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(caught) >= count)


async def give(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Answer the request as the reply says."""
    if reply.gate:
        await reply.gate.wait()
    match reply.ending:
        case Ending.WHOLE:
            return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
        case Ending.ENDLESS:
            response = web.StreamResponse(status=reply.status, headers=reply.headers)
            return await stream(request, response, forever())
        case Ending.TRUNCATED:
            return await send_and_close(request, _plain(reply)[:-1])
        case Ending.DRIPPED:
            return await drip(request, _plain(reply), interval_s=reply.interval_s)
        case Ending.HANG:
            return await hang()
        case Ending.RESET:
            return await reset(request)


async def forever() -> AsyncIterator[bytes]:
    """Yield a body that never ends."""
    while True:
        yield b" " * 65536


def _plain(reply: Reply) -> bytes:
    length = {"Content-Length": str(len(reply.body))}
    return head(reply.status, {**reply.headers, **length}) + reply.body
