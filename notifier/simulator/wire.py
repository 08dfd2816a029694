"""Answers that no HTTP server gives on purpose, written to the connection itself.

All need a server that cancels a handler whose client has gone
(``handler_cancellation``): that is how these functions end.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from typing import NoReturn

from aiohttp import web

STOP_S = 0.01
"""How long a stopping server waits for hanging handlers; aiohttp takes 0 for forever."""


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the bytes of a response up to and including the empty line."""
    lines = [f"HTTP/1.1 {status} Simulated", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def hang() -> NoReturn:
    """Answer nothing until the client gives up or the server stops."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


async def reset(request: web.Request) -> NoReturn:
    """Break the connection with a TCP reset, as a crashing peer does."""
    transport = _transport(request)
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await hang()


def send(request: web.Request, payload: bytes) -> None:
    """Write these bytes as they are."""
    _transport(request).write(payload)


async def send_and_close(request: web.Request, payload: bytes) -> NoReturn:
    """Write these bytes as the whole response and close the connection."""
    send(request, payload)
    _transport(request).close()
    await hang()


async def drip(request: web.Request, payload: bytes, *, interval_s: float) -> NoReturn:
    """Write the response byte by byte, then close: every single read is in time."""
    transport = _transport(request)
    for index in range(len(payload)):
        transport.write(payload[index : index + 1])
        await asyncio.sleep(interval_s)
    transport.close()
    await hang()


async def stream(
    request: web.Request, response: web.StreamResponse, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Send the chunks as the body, no faster than the client reads."""
    response.enable_chunked_encoding()
    await response.prepare(request)
    async for chunk in chunks:
        await response.write(chunk)
        await asyncio.sleep(0)  # small chunks never wait, and others want their turn
    return response


def _transport(request: web.Request) -> asyncio.Transport:
    transport = request.transport
    assert isinstance(transport, asyncio.Transport)
    return transport
