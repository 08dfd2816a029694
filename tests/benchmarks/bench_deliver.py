"""How fast changed leads become signed webhooks, beside what is possible at all.

::

    python tests/benchmarks/bench_deliver.py --leads 2000

Pages of 200 changed leads are committed, as a walk does, while the dispatcher
delivers them to a receiver in a process of its own; the time ends when the last
delivery is recorded for good. Log lines are written as in service. Two floors,
measured in the same run: a bare loop that posts the same bodies with the same
client and as many at once, recording nothing; and as many commits to the same
disk as the walk and the dispatcher made.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import orjson
from aiohttp import web
from sqlite_utils import Database

from notifier import log
from notifier.building import build_destinations, kinds, limits
from notifier.clocks import Clocks
from notifier.destinations.http import build_transport
from notifier.destinations.webhook import CONTENT_TYPE, WebhookDestination
from notifier.dispatcher import Dispatcher
from notifier.dispatcher.tools import LaneTools
from notifier.dispatcher.turn import Turn
from notifier.intake import Intake, commit_page, present_lead
from notifier.records import LEAD, Source
from notifier.rehearsal.row import row_of
from notifier.rows import iso_ms
from notifier.rules.load import load_rules
from notifier.rules.model import Ruleset
from notifier.settings import Settings
from notifier.store import snapshots
from notifier.store.db import Store, connect, transaction
from notifier.upstream.page import Page, parse_page

PAGE = 200
SOURCE = Source(name="website", bot_id="b1", customer_id="c1")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = """
destinations:
  crm: {type: webhook, url: "URL", secret: whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u}
rules:
  - {name: Changed, when: lead.status_changed, send: crm}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Deliveries, posts and commits a second."""

    delivered: float
    posted: float
    committed: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=2000, help="changed leads in the walk")
    parser.add_argument("--runs", type=int, default=5, help="the median counts")
    given = parser.parse_args()
    with receiver() as url, Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        log.set_up(log_format="json", level="info", stream=nowhere)
        runs = [asyncio.run(measured(url, given.leads)) for _ in range(given.runs)]
    tell("delivered and recorded", [one.delivered for one in runs])
    tell("bare loop, recording nothing", [one.posted for one in runs])
    tell("as many commits, sending nothing", [one.committed for one in runs])
    ratios = [one.delivered / one.posted for one in runs]
    print(f"{'delivered / bare loop':34}{statistics.median(ratios):8.2f}")  # noqa: T201


def tell(name: str, rates: Sequence[float]) -> None:
    print(f"{name:34}{statistics.median(rates):8.0f} leads/s")  # noqa: T201


async def measured(url: str, leads: int) -> Rates:
    """Measure once, in a fresh folder; the floors right after, on the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "notifier.db"
        delivered_s, commits = await deliver(path, url, leads)
        with closing(connect(path)) as db:
            found = db.execute("SELECT id, body FROM events ORDER BY seq").fetchall()
            committed_s = commit(db, commits)
        posted_s = await post([(one, body.encode()) for one, body in found], url)
    return Rates(
        delivered=leads / delivered_s, posted=leads / posted_s, committed=leads / committed_s
    )


async def deliver(path: Path, url: str, leads: int) -> tuple[float, int]:
    """Return the seconds from the first page to the last record, and the commits made."""
    store, dispatcher, clocks = Store(path), Dispatcher(), Clocks()
    rules = load_rules(
        [("rules.yaml", RULES.replace("URL", url))], lookup=lambda _: None, kinds=kinds()
    )
    await store.run(prepare, rules, leads)
    done, commits, left = asyncio.Event(), 0, leads

    def observe(_name: str, turn: Turn) -> None:
        nonlocal commits, left
        commits += bool(turn.ended or turn.claimed)
        left -= len(turn.ended)
        if left == 0:
            done.set()

    destinations = build_destinations(Settings(), rules, now=clocks.now, out=sys.stdout)
    tools = LaneTools(
        store=store,
        rules=lambda: rules,
        present=lambda db, key: present_lead(db, key, {SOURCE.bot_id: SOURCE}, rules),
        now_ms=clocks.now_ms,
        jitter=clocks.jitter,
        wake=dispatcher.wake,
        observe=observe,
    )
    dispatcher.open(destinations, limits(rules), tools)
    running = asyncio.create_task(dispatcher.run())
    pages = [page(range(start, start + PAGE), "CLOSED") for start in range(0, leads, PAGE)]
    begun = time.perf_counter()
    for one in pages:
        committed = await store.run(commit_page, one, intake(rules), at=clocks.now())
        dispatcher.wake(committed.written.destinations)
    await done.wait()
    taken_s = time.perf_counter() - begun
    dispatcher.stop()
    await running
    await destinations["crm"].aclose()
    store.close()
    return taken_s, commits + len(pages)


def commit(db: Database, count: int) -> float:
    """Return the seconds for this many commits of one row each."""
    begun = time.perf_counter()
    for number in range(count):
        with transaction(db):
            db.execute("UPDATE deliveries SET attempts = 2 WHERE id = ?", [number])
    return time.perf_counter() - begun


async def post(events: Sequence[tuple[str, bytes]], url: str) -> float:
    """Return the seconds for posting these bodies, as many at once as a lane does."""
    left = iter(events)

    async def worker(client: httpx.AsyncClient) -> None:
        for event_id, body in left:
            headers = {"content-type": CONTENT_TYPE, "webhook-id": event_id}
            answer = await client.post(url, content=body, headers=headers)
            assert answer.status_code == 204

    async with httpx.AsyncClient(transport=build_transport(), trust_env=False) as client:
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as workers:
            for _ in range(WebhookDestination.slots):
                workers.create_task(worker(client))
        return time.perf_counter() - begun


def prepare(db: Database, rules: Ruleset, leads: int) -> None:
    """Let all leads be known and open."""
    snapshots.listing(db, SOURCE.bot_id, LEAD)
    for start in range(0, leads, PAGE):
        commit_page(db, page(range(start, start + PAGE), "OPEN"), intake(rules), at=NOON)
    snapshots.finish_full_walk(db, SOURCE.bot_id, LEAD, at_ms=0, pages=1)


def intake(rules: Ruleset) -> Intake:
    return Intake(source=SOURCE, kind=LEAD, walk=1, rules=rules, first_run=timedelta())


def page(numbers: range, status: str) -> Page:
    rows = [row_of(lead(number, status)) for number in numbers]
    return parse_page(orjson.dumps({"success": True, "data": rows}))


def lead(number: int, status: str) -> dict[str, object]:
    return {
        "id": f"63d9ffa77a8d152fac{number:06}",
        "uuid": f"7e88d192-0000-4000-8000-{number:012}",
        "status": status,
        "name": f"Lead {number}",
        "email": f"lead{number}@example.com",
        "phone": f"+9198765{number:05}",
        "city": "Pune",
        "country": "India",
        "tags": ["Sample tag"],
        "attributes": {"ID": f"BP{number}", "Budget": "1200"},
        "last_message": {"by": "user", "text": "Hello, I would like to know more"},
        "created_at": iso_ms(NOON),
        "updated_at": iso_ms(NOON + timedelta(seconds=status == "CLOSED")),
    }


@contextmanager
def receiver() -> Iterator[str]:
    """Run a receiver that takes everything in a process of its own; yield its URL."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=serve, args=(theirs,), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/hook"
    finally:
        process.terminate()
        process.join()


def serve(port: Connection) -> None:
    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    async def run() -> None:
        app = web.Application()
        app.router.add_post("/hook", take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    main()
