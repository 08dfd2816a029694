"""A way to a server that stops forwarding when told to, as a network that is cut does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK_BYTES = 65_536


@dataclass(slots=True)
class Proxy:
    """Forwards from a port of loopback to a socket; ``open`` is cleared while it is cut."""

    path: str
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
        there, to = await asyncio.open_unix_connection(self.path)
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
async def proxy(path: str) -> AsyncIterator[Proxy]:
    """Stand before the socket at ``path`` for the block."""
    found = Proxy(path)
    found.heal()
    listening = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = listening.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        listening.close()
        for one in list(found.writers):
            one.close()
