"""A thousand changes in one walk: how fast and how dear, and the requests it takes."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from floors import Bare, Post, bare, commit
from installed import BASELINE_DONE, DATABASE, DELIVERED, Running, running, settings, until
from listing import PAGE, Served, Upstream, upstream
from receiver import SECRET, Receiver, receiver
from stand import Stand
from standardwebhooks.webhooks import Webhook
from table import Floor, Goal, Row

KNOWN = 2_000
CHANGED = 1_000
FEW = (1, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE)
NEWEST = "SELECT COALESCE(MAX(seq), 0) FROM events"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Everything that runs."""

    listing: Upstream
    receiver: Receiver
    program: Running
    floor: Bare


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One walk, and its floors right after. Rates are leads a second."""

    rate: float
    cpu_ms: float
    requests: int
    commits: int
    client_rate: float
    exchange_rate: float
    exchange_cpu_ms: float
    commit_rate: float


def rows(stand: Stand) -> Iterator[Row]:
    """Measure with the installed program."""
    folder = stand.place("changes")
    with ExitStack() as stack:
        listing = stack.enter_context(upstream(KNOWN))
        taking = stack.enter_context(receiver())
        floor = stack.enter_context(bare(listing.url, taking.url))
        program = stack.enter_context(running(folder, settings(listing.url, taking.url)))
        until(lambda: program.count(BASELINE_DONE) == 1)
        house = House(listing=listing, receiver=taking, program=program, floor=floor)
        walk(house, CHANGED)  # every connection is open from here on, as after a day
        samples = [walk(house, CHANGED) for _ in range(3 if stand.quick else 9)]
        yield from _speed(samples)
        few = {count: walk(house, count).requests for count in FEW}
        yield _requests({**few, CHANGED: samples[0].requests})


def walk(house: House, changed: int) -> Sample:
    """Let so many leads change, measure until all is recorded, then measure the floors.

    The time runs from the first changed page, written by the upstream, to the
    moment the database, looked at from outside, has every delivery.
    """
    program = house.program
    cpu_s, commits = program.cpu_s(), program.commits()
    delivered, newest = program.count(DELIVERED), program.count(NEWEST)
    house.listing.change(changed)
    arrivals = house.receiver.arrivals(changed)
    until(lambda: program.count(DELIVERED) == delivered + changed, every_s=0.002)
    wall_s = time.monotonic_ns() / 1e9 - house.listing.served()[0].at_ns / 1e9
    cpu_s, commits = program.cpu_s() - cpu_s, program.commits() - commits
    assert len({one.event_id for one in arrivals}) == changed, "not each event came once"
    headers, body = house.receiver.last()
    Webhook(SECRET).verify(body, dict(headers))
    posts = _posts(program.folder, newest)
    by_client, by_exchange = house.floor.by_client(posts), house.floor.by_exchange(posts)
    house.receiver.arrivals(2 * changed)
    return Sample(
        rate=changed / wall_s,
        cpu_ms=cpu_s * 1000 / changed,
        requests=_first_walk(house.listing.served()),
        commits=commits,
        client_rate=changed / by_client.wall_s,
        exchange_rate=changed / by_exchange.wall_s,
        exchange_cpu_ms=by_exchange.cpu_s * 1000 / changed,
        commit_rate=changed / commit(program.folder, commits),
    )


def _first_walk(served: Sequence[Served]) -> int:
    """Return how many requests came before page 1 was asked for again."""
    again = (count for count, one in enumerate(served) if count and one.page == 1)
    return next(again, len(served))


def _posts(folder: Path, after: int) -> list[Post]:
    """Return the events after this one as they were sent."""
    query = "SELECT id, body FROM events WHERE seq > ? ORDER BY seq"
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as db:
        return [(event_id, body.encode()) for event_id, body in db.execute(query, [after])]


def _speed(samples: Sequence[Sample]) -> Iterator[Row]:
    rates, costs = [one.rate for one in samples], [one.cpu_ms for one in samples]
    # A warm flow of Node-RED, which records nothing, makes 3,900 on the machine of costs.md.
    goal: Goal | None = Goal(text="≥ 1,000 leads/s", met=median(rates) >= 1_000)
    commits = median(one.commits for one in samples)
    floors = {
        "bare loop of httpx over the same transport": [one.client_rate for one in samples],
        "bare loop of the program's own exchange": [one.exchange_rate for one in samples],
        f"its {commits:.0f} commits, of a row each": [one.commit_rate for one in samples],
    }
    name = f"{CHANGED:,} changes in one walk → as many signed webhooks, recorded"
    for what, figures in floors.items():
        floor = Floor(what=what, figure=median(figures))
        yield Row.of(name, rates, "leads/s", floor=floor, goal=goal)
        name, goal = "the same", None
    yield Row.of(
        "CPU a lead, from its page to its recorded webhook",
        costs,
        "ms",
        floor=Floor(
            what="bare loop of the program's own exchange",
            figure=median(one.exchange_cpu_ms for one in samples),
        ),
    )


def _requests(made: dict[int, int]) -> Row:
    """Return how many requests a poll makes for each page of changes, at most.

    One more says where they end; from page 3 on it reads them again on its way back.
    """
    each = [requests / -(-count // PAGE) for count, requests in made.items()]
    return Row.of(
        f"requests a page of changes, for k = {', '.join(f'{count:,}' for count in made)}",
        each,
        "",
        figure=max(each),
        goal=Goal(text="≤ 2", met=max(each) <= 2),
    )
