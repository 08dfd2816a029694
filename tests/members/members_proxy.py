"""A way to a server that stops forwarding when told to, as a network that is cut does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK_BYTES = 65_536


@dataclass(slots=True)
class Proxy:
    """Forwards to a socket, or to a port of loopback; ``open`` is cleared while it is cut."""

    to: str | int
    port: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Forward nothing, and say nothing: whoever waits for an answer goes on waiting."""
        self.open.clear()

    def heal(self) -> None:
        """Forward what has waited, and all that comes."""
        self.open.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection, both ways, until one end closes it."""
        await self.open.wait()
        if isinstance(self.to, str):
            there, to = await asyncio.open_unix_connection(self.to)
        else:
            there, to = await asyncio.open_connection("127.0.0.1", self.to)
        self.writers |= {writer, to}
        ways = [
            asyncio.create_task(self.forward(reader, to)),
            asyncio.create_task(self.forward(there, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in ways:
                one.cancel()
            for end in (writer, to):
                end.close()
            self.writers -= {writer, to}

    async def forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one way."""
        with suppress(ConnectionError):
            while chunk := await reader.read(CHUNK_BYTES):
                await self.open.wait()
                writer.write(chunk)
                await writer.drain()


@asynccontextmanager
async def proxy(to: str | int, *, host: str = "127.0.0.1") -> AsyncIterator[Proxy]:
    """Stand before the socket at a path, or before a port, for the block; heard at ``host``."""
    found = Proxy(to)
    found.heal()
    listening = await asyncio.start_server(found.serve, host, 0)
    found.port = listening.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        listening.close()
        for one in list(found.writers):
            one.close()
