"""A server that reads one HTTP request after another and answers with scripted bytes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from support.connections import conversing

Reply: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it came; header names are lower case, and as they came in ``names``."""

    line: str
    names: tuple[str, ...]
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True, kw_only=True)
class RawServer:
    """Answers each request with the next reply, and the last one for ever after."""

    replies: list[Reply]
    host: str = "127.0.0.1"
    port: int = 0
    scheme: str = "http"
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await read_request(reader))
                reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
                await reply(writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, value in (text.split(":", 1) for text in fields)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    names = tuple(text.partition(":")[0] for text in fields)
    return Request(line=line, names=names, headers=headers, body=body)


@asynccontextmanager
async def raw_server(
    *replies: Reply, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[RawServer]:
    """Serve on loopback until the block ends, whatever connections are open then."""
    server = RawServer(replies=list(replies), host=host, scheme="https" if tls else "http")
    async with conversing(server.serve, ssl=tls) as server.port:
        yield server


def answer(status: int, body: bytes = b"", **headers: str) -> Reply:
    """Answer with a whole response and keep the connection open."""
    fields = {"content-length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return raw(f"HTTP/1.1 {status} x\r\n{head}\r\n".encode() + body)


def raw(text: bytes, *, close: bool = False) -> Reply:
    """Answer with these very bytes."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        if close:
            await writer.drain()
            raise ConnectionResetError

    return reply


def endless(head: bytes, chunk: bytes, *, pause_s: float = 0.0) -> Reply:
    """Answer with a head and then the same chunk for ever."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(chunk)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return reply


async def silence(_: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection instead of answering."""
    writer.transport.abort()
    raise ConnectionResetError
