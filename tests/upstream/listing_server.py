"""A socket that answers each connection with given bytes: the faults no framework makes."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


def answer(
    body: bytes = b'{"success": true, "data": []}', *, status: str = "200 OK", **headers: str
) -> bytes:
    """Return a whole HTTP answer; an underscore in a header's name stands for a dash."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if "content_length" not in headers and "transfer_encoding" not in headers:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + body


@dataclass(slots=True, kw_only=True)
class Server:
    """``parts`` is written piece by piece, then the connection closes or, if told, hangs."""

    parts: list[bytes]
    hangs: bool = False
    repeats: bool = False
    url: str = ""
    heads: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # One read, since a TLS greeting never ends in an empty line.
            self.heads.append((await reader.read(65_536)).decode("latin-1"))
            for part in self.parts:
                writer.write(part)
                await writer.drain()
            while self.repeats:
                writer.write(self.parts[-1])
                await writer.drain()
                await asyncio.sleep(0)
            if self.hangs:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    *parts: bytes,
    hangs: bool = False,
    repeats: bool = False,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """Serve on a free port of this host; ``url`` names ``localhost`` under TLS."""
    server = Server(parts=list(parts), hangs=hangs, repeats=repeats)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listener.close()
        await listener.wait_closed()
