"""The page with 100,000 leads: how soon each answers, and whether open tabs delay anything."""

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path

import httpx
import report
from installed import BOT_ID, DATABASE, Running, running, settings, until
from listing import Upstream, upstream
from receiver import Receiver, receiver
from stand import Stand
from table import Goal, Row, p95

from notifier.core.records import LEAD, NON_LEAD
from notifier.store import listings
from notifier.store.backfill import recollect
from notifier.store.sqlite import Sqlite

LEADS, QUICK_LEADS = 100_000, 20_000
DAYS = 60.0  # within what is kept
HALF = 31  # a lead is a day old when it changes
KNOWN = 1_000
TABS = 10
TAB_EVERY_S = 2.5  # as live.js looks, however much changes
PASSWORD = "correct horse"
RULES = """\
destinations:
  hook: {type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}"}
rules:
  - {name: Told, when: lead.status_changed, send: hook}
"""
LEAD_PAGE = f"/leads/{BOT_ID}/{0:024x}"
PATHS = (
    *("/", "/leads", "/leads?q=meera", "/leads?status=OPEN&country=India", LEAD_PAGE),
    *("/deliveries", "/deliveries?state=dead", "/deliveries/5", "/response", "/rules"),
    *("/destinations", "/acts"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A running program whose page is open to an operator."""

    program: Running
    base: str
    cookies: httpx.Cookies

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.base, cookies=self.cookies, trust_env=False, timeout=30
        )


def rows(stand: Stand) -> Iterator[Row]:
    """Report; look at every page in turn; let leads change while ten tabs are open."""
    folder, leads = stand.place("pages"), QUICK_LEADS if stand.quick else LEADS
    _fill(folder, leads)
    yield from report.rows(folder, leads=leads, days=HALF, times=3 if stand.quick else 7)
    with ExitStack() as stack:
        listing = stack.enter_context(upstream(KNOWN))
        taking = stack.enter_context(receiver())
        page = stack.enter_context(_opened(folder, listing, taking))
        counted = f"SELECT COUNT(*) >= {leads + KNOWN} FROM records"
        until(lambda: page.program.count(counted) == 1)
        with page.client() as client:
            yield from report.first_looks(client, leads=leads, days=HALF)
        yield _pages_row(page, leads, times=5 if stand.quick else 20)
        with _tabs(page):
            yield _delay_row(listing, taking, times=15 if stand.quick else 40)


def _fill(folder: Path, leads: int) -> None:
    """Write the database of an installation that has all of it for long."""
    fill = run_path(str(Path(__file__).parents[1] / "web" / "page_filled.py"))["fill"]
    now_ms = time.time_ns() // 1_000_000
    with closing(Sqlite(folder / DATABASE).open()) as session:
        with session.transaction():
            fill(session, leads=leads, now_ms=now_ms, days=DAYS)
            recollect(session)
            report.answer(session)
        with session.transaction():
            for listing_type in (LEAD, NON_LEAD):
                listings.state(session, BOT_ID, listing_type)
                listings.set_order(session, BOT_ID, listing_type, "updated-desc")
                listings.finish_full_walk(session, BOT_ID, listing_type, at_ms=now_ms, pages=1)


@contextmanager
def _opened(folder: Path, listing: Upstream, taking: Receiver) -> Iterator[Page]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    door = {"NOTIFIER_HTTP": f"127.0.0.1:{port}", "NOTIFIER_WEB_PASSWORD": PASSWORD}
    environment = settings(listing.url, taking.url, **door)
    base = f"http://127.0.0.1:{port}"
    with (
        running(folder, environment, rules=RULES) as program,
        httpx.Client(base_url=base, trust_env=False, timeout=30) as client,
    ):
        answer = client.post("/login", data={"password": PASSWORD}, headers={"origin": base})
        assert answer.status_code == 303, answer.text
        yield Page(program=program, base=base, cookies=client.cookies)


def _pages_row(page: Page, leads: int, *, times: int) -> Row:
    worst: list[float] = []
    with page.client() as client:
        for path in PATHS:
            while "refresh" in client.get(path).headers:
                pass  # a report is being made
            took = [_took_ms(client, path) for _ in range(times)]
            worst = max(worst, took, key=lambda one: p95(one) if one else 0.0)
    return Row.of(
        f"slowest of {len(PATHS)} pages with {leads:,} leads, p95 of {times}",
        worst,
        "ms",
        figure=p95(worst),
        goal=Goal(text="≤ 150 ms", met=p95(worst) <= 150),
    )


def _took_ms(client: httpx.Client, path: str) -> float:
    begun = time.perf_counter()
    assert client.get(path).status_code == 200, path
    return (time.perf_counter() - begun) * 1000


@contextmanager
def _tabs(page: Page) -> Iterator[None]:
    """Hold tabs open, each on another page, as the script of the page does."""
    over = threading.Event()
    tabs = [
        threading.Thread(target=_tab, args=(page, PATHS[number % len(PATHS)], over))
        for number in range(TABS)
    ]
    for one in tabs:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in tabs:
            one.join()


def _tab(page: Page, path: str, over: threading.Event) -> None:
    with page.client() as client:
        while not over.is_set():
            with suppress(httpx.HTTPError), client.stream("GET", "/changes") as stream:
                _follow(client, stream, path, over)


def _follow(
    client: httpx.Client, stream: httpx.Response, path: str, over: threading.Event
) -> None:
    next_s = 0.0
    for line in stream.iter_lines():
        if over.is_set():
            return
        if line.startswith("event: changed") and time.monotonic() >= next_s:
            client.get(path)
            next_s = time.monotonic() + TAB_EVERY_S


def _delay_row(listing: Upstream, taking: Receiver, *, times: int) -> Row:
    chance = random.Random(1)
    samples = [_delay_s(listing, taking, chance.random()) for _ in range(times)]
    return Row.of(
        f"change → webhook there, {TABS} tabs open, poll interval of 1 s, p95 of {times}",
        samples,
        "s",
        figure=p95(samples),
        goal=Goal(text="≤ 1.2 s", met=p95(samples) <= 1.2),
    )


def _delay_s(listing: Upstream, taking: Receiver, pause_s: float) -> float:
    time.sleep(pause_s)
    begun = time.monotonic_ns()
    listing.change(1)
    (arrived,) = taking.arrivals(1)
    return (arrived.at_ns - begun) / 1e9
