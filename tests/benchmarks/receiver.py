"""The webhook receiver: takes everything, remembers what came and when."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from peers import Peer, peer

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Arrival(NamedTuple):
    """One webhook: when it was there to its last byte (monotonic, ns), and its event."""

    at_ns: int
    event_id: str


class Receiver:
    """What the program under test delivers to, from outside."""

    def __init__(self, ask: Peer) -> None:
        self._ask = ask
        self.url = f"{ask.url}/hook"

    def arrivals(self, count: int) -> list[Arrival]:
        """Return the next so many once all have come, and forget them."""
        return [Arrival(*one) for one in self._ask.ask("arrivals", count)]

    def last(self) -> tuple[Mapping[str, str], bytes]:
        """Return headers (in lower case) and body of what came last."""
        headers, body = self._ask.ask("last")
        return headers, body


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver in a process of its own."""
    with peer(Inbox) as receiving:
        yield Receiver(receiving)


class Inbox:
    """The stage of the receiver's own process."""

    def __init__(self) -> None:
        self._arrived: list[tuple[int, str]] = []
        self._last = (b"", b"")
        self._more = asyncio.Event()

    async def arrivals(self, count: int) -> list[tuple[int, str]]:
        while len(self._arrived) < count:
            self._more.clear()
            await self._more.wait()
        arrived, self._arrived = self._arrived[:count], self._arrived[count:]
        return arrived

    def last(self) -> tuple[dict[str, str], bytes]:
        head, body = self._last
        lines = [line.partition(":") for line in head.decode().split("\r\n")[1:]]
        return {name.lower(): value.strip() for name, _, value in lines}, body

    def protocol(self) -> asyncio.Protocol:
        return _Conversation(self)

    def take(self, head: bytes, body: bytes, event_id: str) -> None:
        """Remember what came just now."""
        self._arrived.append((time.monotonic_ns(), event_id))
        self._last = head, body
        self._more.set()


class _Conversation(asyncio.Protocol):
    """Reads requests with a ``content-length``, answers 204."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (split := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:split]
            low = head.lower()
            end = split + 4 + int(_value(low, b"content-length"))
            if len(self._read) < end:
                return
            body, self._read = self._read[split + 4 : end], self._read[end:]
            self._inbox.take(head, body, _value(low, b"webhook-id").decode())
            self._transport.write(TAKEN)


def _value(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()
