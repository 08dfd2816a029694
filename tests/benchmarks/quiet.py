"""What a quiet poll costs: its CPU time at 1,000 and at 100,000 known leads.

Measured inside one process, on the program's own poller, where hundreds of polls
fit into a second: each counts as a poll interval on the poller's clock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import httpx
import orjson
import structlog
from floors import asked, getter
from installed import BOT_ID, CUSTOMER_ID, DATABASE, TOKEN
from listing import upstream
from peers import child
from pydantic import SecretStr
from stand import Stand
from table import Floor, Goal, Row

from notifier.core.records import LEAD, Source
from notifier.poller.context import PollerContext
from notifier.poller.listing import Intervals, ListingWalks
from notifier.poller.source import SourcePoller
from notifier.rules.model import Ruleset
from notifier.store import sources
from notifier.store.db import Store
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from notifier.upstream.budget import Budget
from notifier.upstream.client import PATH, Client, Listing
from notifier.upstream.page import Page

POLLS = 200
HEAD_MS = 15_000
LISTING = Listing(
    source=Source(name="default", bot_id=BOT_ID, customer_id=CUSTOMER_ID),
    listing_type=LEAD,
    token=SecretStr(TOKEN),
)
Costs = tuple[list[float], list[float]]
"""CPU milliseconds a quiet poll, and of its floor, per batch."""


def rows(stand: Stand) -> Iterator[Row]:
    """Measure on a small house and on the big one, by turns with their floors."""
    few, many = 1_000, stand.big.leads
    batches = 3 if stand.quick else 9
    with upstream(few) as listing:
        small = _costs(listing.url, stand.place("quiet") / DATABASE, batches)
    big = _costs(stand.big.listing.url, stand.big.folder / DATABASE, batches)
    yield _row(few, small)
    yield _row(many, big, beside=median(small[0]))


def _costs(url: str, path: Path, batches: int) -> Costs:
    with child(_measure, url, path, batches) as pipe:
        costs: Costs = pipe.recv()
        return costs


def _row(leads: int, costs: Costs, *, beside: float | None = None) -> Row:
    cpu_ms, floor_ms = median(costs[0]), median(costs[1])
    met, text = cpu_ms <= min(2, 2 * floor_ms), "≤ 2 ms, ≤ 2 × the floor"
    if beside is not None:
        met = met and 1 / 1.2 <= cpu_ms / beside <= 1.2
        text += ", within 20 % of the row above"
    return Row.of(
        f"CPU of a quiet poll, {leads:,} leads known",
        costs[0],
        "ms",
        floor=Floor(what="its GET, JSON and one SELECT", figure=floor_ms),
        goal=Goal(text=text, met=met),
    )


class Counting:
    """The client; each request takes one poll interval on the poller's clock."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._requests = 0
        self._until = 0
        self._enough = asyncio.Event()

    def clock_ms(self) -> int:
        return self._requests * HEAD_MS

    async def page(self, listing: Listing, number: int) -> Page:
        self._requests += 1
        if self._requests == self._until:
            self._enough.set()
        return await self.client.page(listing, number)

    async def more(self, count: int) -> None:
        """Return as the last of so many more requests begins."""
        self._until = self._requests + count
        self._enough.clear()
        await self._enough.wait()


class Log:
    """The shared record of requests, in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        return await self._store.run(
            sources.claim_request, token_key, limit=limit, now_ms=now_ms
        )


def _measure(pipe: Connection, url: str, path: Path, batches: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    pipe.send(asyncio.run(_measured(url, path, batches)))


async def _measured(url: str, path: Path, batches: int) -> Costs:
    store = Store(Sqlite(path))
    async with Client(url, timeout_s=20) as client, getter() as bare:
        pages = Counting(client)
        await _poller(store, pages).once()
        quiet, least = list[float](), list[float]()
        for _ in range(batches):
            quiet.append(await _cpu_ms(lambda: _quiet(store, pages)))
            least.append(await _cpu_ms(lambda: _floor(store, url, bare)))
    store.close()
    return quiet, least


async def _cpu_ms(work: Callable[[], Awaitable[None]]) -> float:
    begun_s = time.process_time()
    await work()
    return (time.process_time() - begun_s) * 1000 / POLLS


async def _quiet(store: Store, pages: Counting) -> None:
    poller = _poller(store, pages)
    running = asyncio.create_task(poller.run())
    await pages.more(POLLS)
    poller.stop()
    await running


async def _floor(store: Store, url: str, client: httpx.AsyncClient) -> None:
    """Do the least that could tell a quiet page: get it, parse it, look once."""
    for _ in range(POLLS):
        answer = await client.get(url + PATH, params=asked(1), headers={"x-bot-token": TOKEN})
        ids = [row["_id"] for row in orjson.loads(answer.content)["data"]]
        await store.read(_select, ids)


def _select(db: Session, ids: Sequence[str]) -> object:
    return db.spread(
        "SELECT lead_id, digest FROM records WHERE bot_id = :bot_id AND lead_id IN (:ids)",
        {"bot_id": BOT_ID, "ids": list(ids)},
    ).fetchall()


def _poller(store: Store, pages: Counting) -> SourcePoller:
    budget = Budget(Log(store), key="benchmark", limit=90, clock_ms=pages.clock_ms)
    tools = PollerContext(
        store=store,
        client=pages,
        budget=lambda _token: budget,
        rules=Ruleset(),
        now=lambda: datetime.now(UTC),
        clock_ms=pages.clock_ms,
        jitter=lambda: 0.0,
        wake=lambda _names: None,
    )
    # No sweep falls due: the big house was walked minutes ago.
    intervals = Intervals(head_ms=HEAD_MS, sweep_ms=10**12, first_run=timedelta(0))
    return SourcePoller([ListingWalks(listing=LISTING, intervals=intervals)], tools)
