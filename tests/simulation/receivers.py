"""Who is told: webhook receivers, a Slack, a mail server. They keep all that came."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import parse_qs

from simulation.rules import EPOCH
from simulation.servers import HOST, Reply, Request, Server, Trouble, json_reply

DOUBTFUL = (Trouble.MUTE, Trouble.CUT, Trouble.LATE)
PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message that a receiver has taken at ``at_s``; ``in_doubt``: it did not say so."""

    at_s: float
    id: str
    body: bytes = b""
    in_doubt: bool = False
    lead: str = ""
    type: str = ""


@dataclass(slots=True)
class Hook:
    """A webhook receiver; ``status`` is what it answers in place of taking anything."""

    clock_s: Callable[[], float]
    arrivals: list[Arrival] = field(default_factory=list)
    server: Server | None = None
    status: str = ""
    refused: Counter[str] = field(default_factory=Counter)

    def answer(self, request: Request) -> Reply:
        if self.status:
            self.refused[self.status] += 1
            return Reply(status=int(self.status), headers={"location": "http://127.0.0.1:9/"})
        event = json.loads(request.body)
        arrival = Arrival(
            at_s=self.clock_s(),
            id=request.headers["webhook-id"],
            body=request.body,
            in_doubt=bool(self.server and self.server.trouble in DOUBTFUL),
            lead=event.get("subject") or "",
            type=event["type"],
        )
        self.arrivals.append(arrival)
        return Reply(status=204)


@dataclass(slots=True)
class Slack:
    """One workspace with a channel that holds every message."""

    clock_s: Callable[[], float]
    posts: list[dict[str, object]] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    server: Server | None = None

    def answer(self, request: Request) -> Reply:
        method = request.path.rpartition("/")[2].partition("?")[0]
        arguments = _arguments(request)
        channel = "C0000000001"
        match method:
            case "chat.postMessage":
                ts = self._posted(arguments)
                return json_reply({"ok": True, "channel": channel, "ts": ts, "message": {}})
            case "chat.update":
                return json_reply({"ok": True, "channel": channel, "ts": arguments.get("ts")})
            case "conversations.info":
                about = {"id": channel, "name": "sales", "is_member": True}
                return json_reply({"ok": True, "channel": about})
            case "conversations.history" | "conversations.replies":
                return json_reply(self._history(arguments))
            case _:
                return json_reply({"ok": True, "team": "T", "user_id": "U"})

    def _posted(self, arguments: dict[str, object]) -> str:
        at_s = self.clock_s()
        # A history tells messages of one moment apart by their last digits.
        ts = f"{EPOCH.timestamp() + round(at_s, 3) + len(self.posts) % 1000 / 1e6:.6f}"
        self.posts.append({**arguments, "ts": ts})
        marked: dict[str, dict[str, str]] = arguments["metadata"]  # type: ignore[assignment]
        in_doubt = bool(self.server and self.server.trouble in DOUBTFUL)
        message_id = marked["event_payload"]["message_id"]
        self.arrivals.append(Arrival(at_s=at_s, id=message_id, in_doubt=in_doubt))
        return ts

    @property
    def deliveries(self) -> set[object]:
        """Which deliveries the messages say they are of."""
        marked: Iterator[Any] = (one["metadata"] for one in self.posts)
        return {one["event_payload"]["delivery_id"] for one in marked}

    def _history(self, arguments: dict[str, object]) -> dict[str, object]:
        found = list(self._standing(arguments.get("ts"), str(arguments["oldest"])))
        begin = int(str(arguments.get("cursor", 0)))
        more = str(begin + PAGE) if len(found) > begin + PAGE else ""
        return {
            "ok": True,
            "messages": found[begin : begin + PAGE],
            "response_metadata": {"next_cursor": more},
        }

    def _standing(self, thread: object, oldest: str) -> Iterator[dict[str, object]]:
        """Yield the newest first: of the channel, or of one thread."""
        for post in reversed(self.posts):
            if str(post["ts"]) < oldest:
                return
            root = post.get("thread_ts")
            is_here = (
                thread in (root, post["ts"]) if thread else not root or post["reply_broadcast"]
            )
            if is_here:
                yield {"ts": post["ts"], "metadata": post["metadata"]}


def _arguments(request: Request) -> dict[str, object]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(json.loads(request.body))
    return {name: one[0] for name, one in parse_qs(request.body.decode()).items()}


@dataclass(slots=True)
class Mail:
    """A mail server that takes what it gets; ``trouble`` is in its way."""

    clock_s: Callable[[], float]
    port: int
    arrivals: list[Arrival] = field(default_factory=list)
    trouble: Trouble | None = None
    met: dict[Trouble, int] = field(default_factory=dict)

    async def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Listen on the loop of a new life."""
        await loop.create_server(lambda: _Smtp(self, loop), HOST, self.port)

    def take(self, content: bytes) -> None:
        """Keep a mail by its Message-ID."""
        mail = message_from_bytes(content, policy=default)
        arrival = Arrival(
            at_s=self.clock_s(),
            id=str(mail["message-id"]),
            body=str(mail["subject"]).encode(),
            in_doubt=self.trouble in DOUBTFUL,
        )
        self.arrivals.append(arrival)

    def meets(self) -> Trouble | None:
        """Count the trouble that a conversation meets, and return it."""
        if self.trouble:
            self.met[self.trouble] = self.met.get(self.trouble, 0) + 1
        return self.trouble


class _Smtp(asyncio.Protocol):
    def __init__(self, mail: Mail, loop: asyncio.AbstractEventLoop) -> None:
        self._mail, self._loop = mail, loop
        self._bytes, self._is_body = b"", False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        match self._mail.trouble:
            case Trouble.REFUSED | Trouble.LOST:
                self._mail.meets()
                transport.abort()
            case Trouble.HANG:
                self._mail.meets()
            case Trouble.BUSY | Trouble.ERROR:
                self._mail.meets()
                self._say("421 not now")
                transport.close()
            case _:
                self._say("220 simulated")

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        while True:
            end = b"\r\n.\r\n" if self._is_body else b"\r\n"
            line, found, rest = self._bytes.partition(end)
            if not found:
                return
            self._bytes = rest
            self._heard(line)

    def _heard(self, line: bytes) -> None:
        if self._is_body:
            self._is_body = False
            self._taken(line)
            return
        match line[:4].upper():
            case b"EHLO":
                self._say("250-simulated\r\n250 8BITMIME")
            case b"DATA":
                self._is_body = True
                self._say("354 go on")
            case b"QUIT":
                self._say("221 bye")
            case _:
                self._say("250 fine")

    def _taken(self, content: bytes) -> None:
        self._mail.take(content)
        match self._mail.trouble:
            case Trouble.MUTE:
                self._mail.meets()
            case Trouble.CUT:
                self._mail.meets()
                assert self._transport
                self._transport.abort()
            case Trouble.LATE:
                self._mail.meets()
                self._loop.call_later(45.0, self._say, "250 taken")
            case Trouble.TWICE:
                self._mail.meets()
                self._say("250 taken\r\n250 taken")
            case _:
                self._say("250 taken")

    def _say(self, words: str) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(f"{words}\r\n".encode())
