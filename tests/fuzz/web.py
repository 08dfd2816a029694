"""A raw HTTP server: reads requests, and answers with whatever bytes it is told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from fuzz.answers import Answer
from fuzz.mailing import MailDoor
from support.connections import conversing


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: its path with the query, and its body."""

    path: str
    body: bytes


@dataclass(slots=True, kw_only=True)
class HttpDoor:
    """Answers each request with what ``answer`` returns; ``asked`` counts them."""

    answer: Callable[[Asked], Answer]
    asked: int = 0
    port: int = 0
    ready: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                answer = self.answer(await _request(reader))
                writer.write(answer.content)
                await writer.drain()
                self.asked += 1
                async with self.ready:
                    self.ready.notify_all()
                if answer.closes:
                    break
        writer.close()


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.split("\r\n")
    headers = dict(one.lower().partition(":")[::2] for one in fields)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(path=line.split(" ")[1], body=body)


@asynccontextmanager
async def listening(door: HttpDoor | MailDoor) -> AsyncIterator[None]:
    """Serve on a free port of this host until the block ends."""
    async with conversing(door.serve, limit=2**21) as door.port:
        yield
