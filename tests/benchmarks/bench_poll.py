"""What polling costs: ``python tests/benchmarks/bench_poll.py [LEADS …]``.

For each number of leads (1,000 and 100,000 unless told) one process serves a
simulated listing and another one polls it. Printed are a baseline, a sweep and
quiet polls, and beside these the floor: the same GET, json.loads and one SELECT.
"""

import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import structlog
from pydantic import SecretStr
from sqlite_utils import Database

from notifier.poller.listing import Intervals, ListingWalks
from notifier.poller.source import SourcePoller
from notifier.poller.tools import PollerTools
from notifier.records import LEAD, Source
from notifier.rules.model import Ruleset
from notifier.simulator.server import TOKEN, Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World
from notifier.store import sources
from notifier.store.db import Store
from notifier.upstream.budget import Budget
from notifier.upstream.client import Client, Listing
from notifier.upstream.page import Page

PAGE_SIZE = 20
QUIET_POLLS = 500
HEAD_MS = 15_000
LISTING = Listing(
    source=Source(name="bench", bot_id=BOT_ID, customer_id=CUSTOMER_ID),
    kind=LEAD,
    token=SecretStr(TOKEN),
)


class Counting:
    """The client; each request takes one poll interval on the poller's clock."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.requests = 0
        self.enough = asyncio.Event()
        self.until = 0

    def clock_ms(self) -> int:
        return self.requests * HEAD_MS

    async def page(self, listing: Listing, number: int) -> Page:
        self.requests += 1
        if self.requests == self.until:
            self.enough.set()
        return await self.client.page(listing, number)


class Log:
    """The shared record of requests, in the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        return await self._store.run(
            sources.claim_request, token_key, limit=limit, now_ms=now_ms
        )


def poller(store: Store, pages: Counting, *, sweep: timedelta) -> SourcePoller:
    budget = Budget(Log(store), key="bench", limit=90, clock_ms=pages.clock_ms)
    tools = PollerTools(
        store=store,
        client=pages,
        budget=lambda _token: budget,
        rules=Ruleset,
        now=lambda: datetime.now(UTC),
        clock_ms=pages.clock_ms,
        jitter=lambda: 0.0,
        wake=lambda _names: None,
    )
    intervals = Intervals(
        head_ms=HEAD_MS, sweep_ms=int(sweep.total_seconds() * 1000), first_run=timedelta(0)
    )
    return SourcePoller([ListingWalks(listing=LISTING, intervals=intervals)], tools)


def tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201


async def measured(name: str, pages: Counting, work: Callable[[], Awaitable[object]]) -> None:
    """Print what the work took."""
    before, began_s, cpu_s = pages.requests, time.monotonic(), time.process_time()
    await work()
    count = pages.requests - before
    took_s, cpu_ms = time.monotonic() - began_s, (time.process_time() - cpu_s) * 1000 / count
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tell(
        f"  {name:<14}{count:>6} requests {took_s:>7.2f} s {cpu_ms:>7.2f} ms CPU each"
        f"  peak {peak_mb:.0f} MB"
    )


async def measure(url: str, path: Path) -> None:
    store = Store(path)
    async with Client(url, timeout_s=20) as client:
        pages = Counting(client)
        await measured("baseline", pages, poller(store, pages, sweep=timedelta(days=999)).once)
        await measured("sweep", pages, poller(store, pages, sweep=timedelta(0, 0.001)).once)
        await measured("quiet polls", pages, lambda: quiet(store, pages))
        await measured("their floor", pages, lambda: floor(store, pages))
    store.close()


async def quiet(store: Store, pages: Counting) -> None:
    pages.until = pages.requests + QUIET_POLLS
    one = poller(store, pages, sweep=timedelta(days=999))
    running = asyncio.create_task(one.run())
    await pages.enough.wait()
    one.stop()
    await running


async def floor(store: Store, pages: Counting) -> None:
    """Do the least that could tell a quiet page: get it, parse it, look once."""
    params = {"botId": BOT_ID, "customerId": CUSTOMER_ID, "page": "1", "type": LEAD}
    http = pages.client._http
    for _ in range(QUIET_POLLS):
        pages.requests += 1
        answer = await http.get(
            pages.client._url, params=params, headers={"x-bot-token": TOKEN}
        )
        ids = [row["_id"] for row in orjson.loads(answer.content)["data"]]
        await store.look(select, ids)


def select(db: Database, ids: list[str]) -> object:
    marks = ",".join("?" * len(ids))
    return db.execute(
        f"SELECT lead_id, digest FROM records WHERE bot_id = ? AND lead_id IN ({marks})",
        [BOT_ID, *ids],
    ).fetchall()


async def serve(leads: int) -> None:
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(leads)
    async with Simulator(world, page_size=PAGE_SIZE, per_minute=None) as simulator:
        tell(simulator.url)
        await asyncio.Event().wait()


def compare(leads: int) -> None:
    tell(f"{leads:,} leads, pages of {PAGE_SIZE}")
    me = [sys.executable, __file__]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [*me, "serve", str(leads)], stdout=subprocess.PIPE, text=True
        ) as server,
    ):
        try:
            assert server.stdout
            url = server.stdout.readline().strip()
            subprocess.run([*me, "measure", url, str(Path(folder) / "notifier.db")], check=True)
        finally:
            server.terminate()


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    match sys.argv[1:]:
        case ["serve", leads]:
            asyncio.run(serve(int(leads)))
        case ["measure", url, path]:
            asyncio.run(measure(url, Path(path)))
        case counts:
            for leads in counts or ("1000", "100000"):
                compare(int(leads))


if __name__ == "__main__":
    main()
