"""The least that could be done instead, by a process of its own."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
from peers import child

from notifier.destinations.webhook import CONTENT_TYPE, TIMEOUT_S, WebhookDestination
from notifier.network.exchange import ask
from notifier.network.targets import target_of
from notifier.network.transport import Transport
from notifier.upstream.client import PATH

INSERT = "INSERT OR REPLACE INTO rows VALUES (?, ?)"
BODY_BYTES = 1_100  # of a webhook, about
Post = tuple[str, bytes]
"""An event's id and its body."""
Send = Callable[[str, bytes], Awaitable[int]]
"""Posts a body under an event's id and returns the status."""


class Cost(NamedTuple):
    """What a whole batch took."""

    wall_s: float
    cpu_s: float


class Bare:
    """Posts with the program's own means, recording nothing."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def by_client(self, posts: Sequence[Post]) -> Cost:
        """Post them all with httpx over the program's transport, as many at once as a lane."""
        return self._told("client", posts)

    def by_exchange(self, posts: Sequence[Post]) -> Cost:
        """Post them with the very function that a lane calls."""
        return self._told("exchange", posts)

    def relay(self) -> None:
        """Get page 1 and post its first bytes; return once that is done."""
        self._told("relay", ())

    def _told(self, way: str, posts: Sequence[Post]) -> Cost:
        self._pipe.send((way, posts))
        return Cost(*self._pipe.recv())


@contextmanager
def bare(listing_url: str, hook_url: str) -> Iterator[Bare]:
    """Start a process that asks one URL and posts to the other."""
    with child(_run, listing_url, hook_url) as pipe:
        yield Bare(pipe)


def _run(pipe: Connection, listing_url: str, hook_url: str) -> None:
    asyncio.run(_obey(pipe, listing_url, hook_url))


async def _obey(pipe: Connection, listing_url: str, hook_url: str) -> None:
    target, transport = target_of(hook_url), Transport()
    async with (
        over(transport) as client,
        getter() as get,
    ):

        async def by_client(event_id: str, body: bytes) -> int:
            answer = await client.post(hook_url, content=body, headers=_headers(event_id))
            return answer.status_code

        async def by_exchange(event_id: str, body: bytes) -> int:
            request = target.request("POST", headers=_headers(event_id), body=body)
            answer = await ask(transport, request, timeout_s=TIMEOUT_S)
            return answer.status

        while (told := await asyncio.to_thread(_received, pipe)) is not None:
            way, posts = told
            begun, cpu_s = time.perf_counter(), time.process_time()
            if way == "relay":
                page = await get.get(listing_url + PATH, params=asked(1))
                await by_exchange("floor", page.content[:BODY_BYTES])
            else:
                await _post(posts, by_client if way == "client" else by_exchange)
            pipe.send((time.perf_counter() - begun, time.process_time() - cpu_s))


def getter() -> httpx.AsyncClient:
    """Return httpx's client over the transport by which the program asks for pages."""
    return over(Transport())


def over(transport: Transport) -> httpx.AsyncClient:
    """Return httpx's client over the program's transport."""
    return httpx.AsyncClient(transport=transport, trust_env=False)


def asked(page: int) -> dict[str, str]:
    """Return the query that asks for a page."""
    return {"botId": "floor", "customerId": "floor", "page": str(page), "type": "lead"}


def _received(pipe: Connection) -> Any:
    """Return what comes through the pipe, None at its end."""
    try:
        return pipe.recv()
    except EOFError:
        return None


def _headers(event_id: str) -> dict[str, str]:
    return {"content-type": CONTENT_TYPE, "webhook-id": event_id}


async def _post(posts: Sequence[Post], send: Send) -> None:
    left = iter(posts)

    async def worker() -> None:
        for event_id, body in left:
            assert await send(event_id, body) == httpx.codes.NO_CONTENT

    async with asyncio.TaskGroup() as workers:
        for _ in range(WebhookDestination.slots):
            workers.create_task(worker())


def get_pages(url: str, count: int) -> Cost:
    """Get the first page so many times, one after another, and parse it."""
    with child(_get_pages, url, count) as pipe:
        return Cost(*pipe.recv())


def _get_pages(pipe: Connection, url: str, count: int) -> None:
    pipe.send(asyncio.run(_got(url, count)))


async def _got(url: str, count: int) -> Cost:
    async with getter() as client:
        begun, cpu_s = time.perf_counter(), time.process_time()
        for _ in range(count):
            answer = await client.get(url + PATH, params=asked(1))
            orjson.loads(answer.content)
        return Cost(time.perf_counter() - begun, time.process_time() - cpu_s)


def fill(url: str, folder: Path, pages: int) -> Cost:
    """Get pages of a listing, parse them, and commit each page's rows; no more than that."""
    with child(_fill, url, folder, pages) as pipe:
        return Cost(*pipe.recv())


def _fill(pipe: Connection, url: str, folder: Path, pages: int) -> None:
    pipe.send(asyncio.run(_filled(url, folder, pages)))


async def _filled(url: str, folder: Path, pages: int) -> Cost:
    async with getter() as client:
        with closing(_database(folder)) as db:
            begun, cpu_s = time.perf_counter(), time.process_time()
            for page in range(1, pages + 1):
                answer = await client.get(url + PATH, params=asked(page))
                rows = orjson.loads(answer.content)["data"]
                db.execute("BEGIN")
                db.executemany(INSERT, [(row["_id"], orjson.dumps(row)) for row in rows])
                db.execute("COMMIT")
            return Cost(time.perf_counter() - begun, time.process_time() - cpu_s)


def commit(folder: Path, count: int) -> float:
    """Return the seconds that so many commits of one small row take on this disk."""
    with closing(_database(folder)) as db:
        begun = time.perf_counter()
        for number in range(count):
            db.execute(INSERT, [str(number), b"small"])
        return time.perf_counter() - begun


def _database(folder: Path) -> sqlite3.Connection:
    db = sqlite3.connect(folder / "floor.db", isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, row BLOB)")
    return db
