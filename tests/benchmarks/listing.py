"""The upstream: pages of 20 leads, made beforehand, newest change first or in no order."""

import asyncio
import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from typing import NamedTuple

import orjson
from peers import Peer, peer

from notifier.core.rows import Row, iso_of_ms
from notifier.rehearsal.row import row_of

PAGE = 20
BIRTHS_FROM_MS = 1_675_000_000_000  # early in 2023, over half a year
UPDATES_TO_MS = 1_767_000_000_000
STATUSES = ("OPEN", "INPROGRESS", "REVIEW", "ONHOLD", "DEPENDANCY", "CLOSED")


class Served(NamedTuple):
    """One answered request: when its last byte was written (monotonic, ns), and for what."""

    at_ns: int
    bot_id: str
    page: int


class Upstream:
    """What the program under test talks to, from outside."""

    def __init__(self, ask: Peer) -> None:
        self._ask = ask
        self.url = ask.url

    def change(self, leads: int) -> None:
        """Give the newest so many leads another status; forget what was served."""
        self._ask.ask("change", leads)

    def served(self) -> list[Served]:
        """Return what was served since the last change."""
        return [Served(*one) for one in self._ask.ask("log")]

    def serves(self, count: int) -> list[Served]:
        """Return it once there are so many."""
        return [Served(*one) for one in self._ask.ask("serves", count)]


@contextmanager
def upstream(leads: int, *, is_ordered: bool = True) -> Iterator[Upstream]:
    """Serve a listing of so many leads, the same one for every bot."""
    with peer(Listing, leads, is_ordered) as serving:
        yield Upstream(serving)


class Listing:
    """The stage of the upstream's own process."""

    def __init__(self, leads: int, is_ordered: bool) -> None:
        self._changes = [0] * leads
        self._updated_ms = [UPDATES_TO_MS - 1000 * number for number in range(leads)]
        if not is_ordered:
            random.Random(1).shuffle(self._updated_ms)
        self._pages = [_answer(self._rows(page)) for page in range(-(-leads // PAGE))]
        self._served: list[tuple[int, str, int]] = []
        self._more = asyncio.Event()

    def change(self, count: int) -> None:
        newest_ms = max(time.time_ns() // 1_000_000, max(self._updated_ms) + count)
        for number in range(count):
            self._changes[number] += 1
            self._updated_ms[number] = newest_ms - number
        for page in range(-(-count // PAGE)):
            self._pages[page] = _answer(self._rows(page))
        self._served.clear()

    def log(self) -> list[tuple[int, str, int]]:
        return self._served

    async def serves(self, count: int) -> list[tuple[int, str, int]]:
        while len(self._served) < count:
            self._more.clear()
            await self._more.wait()
        return self._served

    def protocol(self) -> asyncio.Protocol:
        return _Conversation(self)

    def answer(self, page: int) -> bytes:
        """Return a whole HTTP answer; beyond the last page it holds no rows."""
        return self._pages[page - 1] if page <= len(self._pages) else _answer([])

    def note(self, bot_id: str, page: int) -> None:
        """Remember that this page was written just now."""
        self._served.append((time.monotonic_ns(), bot_id, page))
        self._more.set()

    def _rows(self, page: int) -> list[Row]:
        numbers = range(page * PAGE, min((page + 1) * PAGE, len(self._changes)))
        return [
            lead(
                number,
                status=STATUSES[self._changes[number] % len(STATUSES)],
                updated_ms=self._updated_ms[number],
            )
            for number in numbers
        ]


class _Conversation(asyncio.Protocol):
    """Reads requests of no body, answers each at once."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while b"\r\n\r\n" in self._read:
            request, _, self._read = self._read.partition(b"\r\n\r\n")
            query = request.partition(b" HTTP/")[0].partition(b"?")[2].decode()
            asked = dict(pair.split("=") for pair in query.split("&"))
            page = int(asked["page"])
            self._transport.write(self._listing.answer(page))
            self._listing.note(asked["botId"], page)


def lead(number: int, *, status: str, updated_ms: int) -> Row:
    """Return a row of usual size; only ``updatedAt`` sorts the listing."""
    digest = hashlib.blake2b(str(number).encode(), digest_size=12).hexdigest()
    born_ms = BIRTHS_FROM_MS + int(digest[:6], 16) * 1000
    return row_of(
        {
            "id": digest,
            "uuid": f"{digest[:8]}-0000-4000-8000-{digest[-12:]}",
            "status": status,
            "name": f"Lead {number}",
            "email": f"lead{number}@example.com",
            "phone": f"+9198765{number:05}",
            "city": "Pune",
            "country": "India",
            "picture": "https://example.com/avatar.jpg",
            "tags": ["Sample tag"],
            "attributes": {"ID": f"BP{number}", "Budget": "1200"},
            "online": False,
            "visits": 1,
            "last_message": {
                "at": iso_of_ms(born_ms + 17_000),
                "by": "user",
                "text": "Hello, I would like to know more about what you offer",
            },
            "last_seen_at": iso_of_ms(born_ms + 18_000),
            "created_at": iso_of_ms(born_ms),
            "updated_at": iso_of_ms(updated_ms),
        }
    )


def _answer(rows: list[Row]) -> bytes:
    body = orjson.dumps({"success": True, "message": "ok", "code": 200, "data": rows})
    head = (
        "HTTP/1.1 200 OK\r\ncontent-type: application/json; charset=utf-8\r\n"
        f"date: {formatdate(usegmt=True)}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
