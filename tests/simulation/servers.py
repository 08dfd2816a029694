"""Servers of the simulated network: whole requests in, answers out, faults in between."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What came: ``headers`` have their names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What goes back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_bytes(self) -> bytes:
        """Return it as HTTP writes it."""
        lines = [f"HTTP/1.1 {self.status} Simulated"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"content-length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


def json_reply(content: object, *, status: int = 200, **headers: str) -> Reply:
    """Return an answer in JSON."""
    return Reply(
        status=status,
        body=json.dumps(content).encode(),
        headers={"content-type": "application/json", **headers},
    )


class Trouble(StrEnum):
    """How a server fails. The word says whether it has taken the request by then."""

    REFUSED = "connection refused"
    HANG = "no answer, nothing taken"
    LOST = "reset, nothing taken"
    ERROR = "status 503, nothing taken"
    BUSY = "status 429, nothing taken"
    MUTE = "taken, but no answer"
    CUT = "taken, but reset"
    LATE = "taken, and answered late"
    TWICE = "taken or not, and answered twice"


TAKES_NOTHING = {
    Trouble.REFUSED,
    Trouble.HANG,
    Trouble.LOST,
    Trouble.ERROR,
    Trouble.BUSY,
}
LATE_S = 45.0
AGAIN_S = 0.731  # no rhythm of anybody's


@dataclass(slots=True, kw_only=True)
class Server:
    """One host. ``answer`` is what it does with a request; ``trouble`` is in its way.

    ``met`` counts the requests that each trouble has met, ``refused`` are those that the
    present one refused once, and takes when they come again. ``when_asked`` is what else
    happens once it has taken a request; each takes one of them.
    """

    name: str
    port: int
    answer: Callable[[Request], Reply]
    trouble: Trouble | None = None
    latency_s: Callable[[], float] = lambda: 0.05
    met: dict[Trouble, int] = field(default_factory=dict)
    refused: set[tuple[str, bytes]] = field(default_factory=set)
    when_asked: list[Callable[[], None]] = field(default_factory=list)
    taken: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.port}"

    async def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen on the loop of a new life."""
        await loop.create_server(lambda: _Connection(self, loop), HOST, self.port)

    def reply(self, request: Request) -> tuple[Reply | None, float]:
        """Return the answer, ``None`` for a reset, and when it comes; never is infinite."""
        trouble = self.trouble
        if trouble:
            self.met[trouble] = self.met.get(trouble, 0) + 1
        if trouble is Trouble.TWICE and self._refuses(request):
            trouble = Trouble.ERROR
        if trouble not in TAKES_NOTHING:
            reply = self.answer(request)
            self.taken += 1
            if self.when_asked:
                self.when_asked.pop(0)()
        match trouble:
            case Trouble.HANG | Trouble.MUTE:
                return None, float("inf")
            case Trouble.LOST | Trouble.REFUSED | Trouble.CUT:
                return None, self.latency_s()
            case Trouble.ERROR:
                return Reply(status=503, body=b"busy"), self.latency_s()
            case Trouble.BUSY:
                headers = {"retry-after": "20"}
                return Reply(status=429, headers=headers), self.latency_s()
            case Trouble.LATE:
                return reply, LATE_S
            case _:
                return reply, self.latency_s()

    def _refuses(self, request: Request) -> bool:
        """Whether this is every second one that was not refused before."""
        key, is_second = (request.path, request.body), self.met[Trouble.TWICE] % 2 == 0
        if not is_second or key in self.refused:
            return False
        self.refused.add(key)
        return True


class _Connection(asyncio.Protocol):
    """Reads requests one after another, and answers each."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server, self._loop = server, loop
        self._bytes, self._asked = b"", 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._server.trouble is Trouble.REFUSED:
            self._server.met[Trouble.REFUSED] = self._server.met.get(Trouble.REFUSED, 0) + 1
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        head, found, rest = self._bytes.partition(b"\r\n\r\n")
        if not found:
            return
        first, *lines = head.decode().split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._bytes = rest[length:]
        method, path, _ = first.split(" ")
        request = Request(method=method, path=path, headers=headers, body=rest[:length])
        self._asked += 1
        reply, after_s = self._server.reply(request)
        if after_s != float("inf"):
            self._loop.call_later(after_s, self._answered, reply)
        if self._server.trouble is Trouble.TWICE:
            self._loop.call_later(after_s + AGAIN_S, self._answered_again, reply, self._asked)

    def _answered_again(self, reply: Reply | None, asked: int) -> None:
        """Say it again, unless something else was asked: that would be its answer."""
        if asked == self._asked:
            self._answered(reply)

    def _answered(self, reply: Reply | None) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if reply is None:
            self._transport.abort()
        else:
            self._transport.write(reply.as_bytes())
