"""The least that could be done instead, by a process of its own."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import httpx
import orjson
from peers import child

from notifier.destinations.http import build_transport
from notifier.destinations.webhook import CONTENT_TYPE, WebhookDestination
from notifier.upstream.client import Client

INSERT = "INSERT OR REPLACE INTO rows VALUES (?, ?)"
Post = tuple[str, bytes]
"""An event's id and its body."""


class Cost(NamedTuple):
    """What a whole batch took."""

    wall_s: float
    cpu_s: float


class BareLoop:
    """Posts bodies with the program's own client, recording nothing."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def post(self, posts: Sequence[Post]) -> Cost:
        """Post them all, as many at once as a lane does."""
        self._pipe.send(posts)
        return Cost(*self._pipe.recv())


@contextmanager
def bare_loop(url: str) -> Iterator[BareLoop]:
    """Start a process that posts to this URL what it is given."""
    with child(_post_batches, url) as pipe:
        yield BareLoop(pipe)


def _post_batches(pipe: Connection, url: str) -> None:
    asyncio.run(_posted(pipe, url))


async def _posted(pipe: Connection, url: str) -> None:
    async with httpx.AsyncClient(transport=build_transport(), trust_env=False) as client:
        while True:
            try:
                left = iter(await asyncio.to_thread(pipe.recv))
            except EOFError:
                return
            begun, cpu_s = time.perf_counter(), time.process_time()
            async with asyncio.TaskGroup() as workers:
                for _ in range(WebhookDestination.slots):
                    workers.create_task(_worker(client, url, left))
            pipe.send((time.perf_counter() - begun, time.process_time() - cpu_s))


async def _worker(client: httpx.AsyncClient, url: str, left: Iterator[Post]) -> None:
    for event_id, body in left:
        headers = {"content-type": CONTENT_TYPE, "webhook-id": event_id}
        answer = await client.post(url, content=body, headers=headers)
        assert answer.status_code == httpx.codes.NO_CONTENT


def fill(url: str, folder: Path, pages: int) -> Cost:
    """Get pages of a listing, parse them, and commit each page's rows; no more than that."""
    with child(_fill, url, folder, pages) as pipe:
        return Cost(*pipe.recv())


def _fill(pipe: Connection, url: str, folder: Path, pages: int) -> None:
    pipe.send(asyncio.run(_filled(url, folder, pages)))


async def _filled(url: str, folder: Path, pages: int) -> Cost:
    async with Client(url, timeout_s=20) as client:
        with closing(_database(folder)) as db:
            begun, cpu_s = time.perf_counter(), time.process_time()
            for page in range(1, pages + 1):
                params = {"botId": "floor", "page": str(page)}
                answer = await client._http.get(client._url, params=params)
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
