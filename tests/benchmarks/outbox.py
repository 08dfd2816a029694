"""The walk's commits and the lanes alone: pages of 200 changes, no upstream beside them."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from io import StringIO
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import orjson
from floors import Post, bare
from installed import BOT_ID, CUSTOMER_ID
from listing import lead
from receiver import SECRET, receiver
from stand import Stand
from table import Floor, Row

from notifier import log
from notifier.clocks import Clocks
from notifier.configuration.destinations import build_destinations, kinds, limits
from notifier.configuration.settings import Settings
from notifier.core.records import LEAD, Source
from notifier.dispatcher import Dispatcher
from notifier.dispatcher.context import LaneContext
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules
from notifier.store import listings
from notifier.store.db import Store
from notifier.store.engine import Engine
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from notifier.transactions.commit_page import commit_page
from notifier.transactions.leads import current_lead
from notifier.transactions.page_comparison import Intake
from notifier.transactions.turn import Turn
from notifier.upstream.page import Page, parse_page

CHANGED = 2_000
PAGE = 200
SOURCE = Source(name="website", bot_id=BOT_ID, customer_id=CUSTOMER_ID)
RULES = """
destinations:
  crm: {{type: webhook, url: "{url}", secret: {secret}}}
rules:
  - {{name: Changed, when: lead.status_changed, send: crm}}
"""


class Sample(NamedTuple):
    """Leads a second: delivered and recorded, and posted by the bare loop right after."""

    rate: float
    floor: float


def rows(stand: Stand) -> Iterator[Row]:
    """Measure in this process; log lines are written as in service."""
    samples: list[Sample] = []
    with ExitStack() as stack:
        taking = stack.enter_context(receiver())
        floor = stack.enter_context(bare(taking.url, taking.url))
        nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        log.set_up(log_format="json", level="info", stream=nowhere)
        for number in range(3 if stand.quick else 7):
            engine = Sqlite(stand.place(f"outbox{number}") / "notifier.db")
            taken_s = asyncio.run(delivered(engine, taking.url))
            cost = floor.by_client(_posts(engine))
            taking.arrivals(2 * CHANGED)
            samples.append(Sample(CHANGED / taken_s, CHANGED / cost.wall_s))
    yield Row.of(
        f"{CHANGED:,} changes, {PAGE} at once → as many signed webhooks, recorded; no upstream",
        [one.rate for one in samples],
        "leads/s",
        floor=Floor(
            what="bare loop of httpx over the same transport",
            figure=median(one.floor for one in samples),
        ),
    )


async def delivered(
    engine: Engine, url: str, *, begins: Callable[[], None] = lambda: None
) -> float:
    """Return the seconds from the first page's commit to the last delivery's record.

    ``begins`` is called before.
    """
    store, clocks = Store(engine), Clocks()
    text = RULES.format(url=url, secret=SECRET)
    rules = load_rules([("rules.yaml", text)], lookup=lambda _: None, kinds=kinds())
    await store.run(_prepare, rules, clocks)
    done, left = asyncio.Event(), CHANGED

    def observe(_name: str, turn: Turn) -> None:
        nonlocal left
        left -= len(turn.ended)
        if left == 0:
            done.set()

    destinations = build_destinations(Settings(), rules, now=clocks.now, out=StringIO())
    dispatcher = Dispatcher(destinations, limits(rules))
    tools = LaneContext(
        store=store,
        rules=lambda: rules,
        current_lead=lambda db, key: current_lead(db, key, {SOURCE.bot_id: SOURCE}, rules),
        now_ms=clocks.now_ms,
        jitter=clocks.jitter,
        wake=dispatcher.wake,
        observe=observe,
    )
    dispatcher.open(tools)
    running = asyncio.create_task(dispatcher.run())
    pages = _pages("CLOSED")
    begins()
    begun_s = perf_counter()
    for page in pages:
        committed = await store.run(commit_page, page, _intake(rules), at=clocks.now())
        dispatcher.wake(committed.written.destinations)
    await done.wait()
    taken_s = perf_counter() - begun_s
    dispatcher.stop()
    await running
    await destinations["crm"].aclose()
    store.close()
    return taken_s


def _posts(engine: Engine) -> list[Post]:
    """Return the events as they were sent."""
    db = engine.open()
    found = db.execute("SELECT id, body FROM events ORDER BY seq").fetchall()
    db.close()
    return [(event_id, body.encode()) for event_id, body in found]


def _prepare(db: Session, rules: Ruleset, clocks: Clocks) -> None:
    """Let all leads be known and open."""
    listings.state(db, SOURCE.bot_id, LEAD)
    for page in _pages("OPEN"):
        commit_page(db, page, _intake(rules), at=clocks.now())
    listings.finish_full_walk(db, SOURCE.bot_id, LEAD, at_ms=0, pages=1)


def _intake(rules: Ruleset) -> Intake:
    return Intake(source=SOURCE, listing_type=LEAD, walk=1, rules=rules, first_run=timedelta())


def _pages(status: str) -> Sequence[Page]:
    rows = [
        lead(number, status=status, updated_ms=1000 * number + (status == "CLOSED"))
        for number in range(CHANGED)
    ]
    parts = [rows[start : start + PAGE] for start in range(0, CHANGED, PAGE)]
    return [parse_page(orjson.dumps({"success": True, "data": part})) for part in parts]
