"""500 sources in one process, each with a token of its own, each due every 15 s."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack

from floors import get_pages
from installed import (
    BASELINE_DONE,
    CUSTOMER_ID,
    RULES,
    TOKEN,
    Running,
    running,
    settings,
    until,
)
from listing import Served, Upstream, upstream
from receiver import receiver
from stand import Stand
from table import Floor, Goal, Row

SOURCES = 500
KNOWN = 40
INTERVAL_S = 15
ALL_DONE = f"SELECT COUNT(*) = {SOURCES} AND ({BASELINE_DONE}) FROM listings"


def rows(stand: Stand) -> Iterator[Row]:
    """Watch several intervals, once every source has its baseline."""
    intervals = 2 if stand.quick else 5
    with ExitStack() as stack:
        listing = stack.enter_context(upstream(KNOWN))
        taking = stack.enter_context(receiver())
        limits = {"NOTIFIER_POLL_INTERVAL": f"{INTERVAL_S}s", "NOTIFIER_RATE_LIMIT": "90"}
        environment = settings(listing.url, taking.url, **limits, **tokens(SOURCES))
        folder = stand.place("many")
        program = stack.enter_context(running(folder, environment, rules=rules(SOURCES)))
        until(lambda: program.count(ALL_DONE) == 1)
        time.sleep(INTERVAL_S)  # every source is in its rhythm
        cpu_s, served = _watched(program, listing, intervals * INTERVAL_S)
        memory_mb = program.memory_mb()
        floor = get_pages(listing.url, SOURCES)
    yield from _rows(served, intervals)
    share = cpu_s / (intervals * INTERVAL_S)
    bare = floor.cpu_s / INTERVAL_S
    yield Row.of(
        "its share of a core",
        [share * 100],
        "%",
        floor=Floor(what="as many bare GETs and JSON", figure=bare * 100),
        goal=Goal(text="< 50 %", met=share < 0.5),
    )
    yield Row.of(
        "its memory", [memory_mb], "MB", goal=Goal(text="< 250 MB", met=memory_mb < 250)
    )


def _watched(program: Running, listing: Upstream, watch_s: float) -> tuple[float, list[Served]]:
    """Return the CPU time used, and what was served, while so many seconds pass."""
    before, cpu_s = len(listing.served()), program.cpu_s()
    time.sleep(watch_s)
    return program.cpu_s() - cpu_s, listing.served()[before:]


def _rows(served: Iterable[Served], intervals: int) -> Iterator[Row]:
    polls = defaultdict[str, list[float]](list)
    for one in served:
        if one.page == 1:
            polls[one.bot_id].append(one.at_ns / 1e9)
    late_s = [late for starts in polls.values() for late in _late_s(starts)]
    watched = len(polls) == SOURCES and min(map(len, polls.values())) >= intervals
    yield Row.of(
        f"{SOURCES} sources, each every {INTERVAL_S} s: the latest poll of {len(late_s):,}",
        late_s,
        "s",
        figure=max(late_s),
        goal=Goal(text="≤ 1 s, none left out", met=max(late_s) <= 1 and watched),
    )


def _late_s(starts: Sequence[float]) -> list[float]:
    """Return how late each poll is on the schedule that the most punctual of them sets."""
    due = [start - INTERVAL_S * round((start - starts[0]) / INTERVAL_S) for start in starts]
    return [one - min(due) for one in due]


def tokens(count: int) -> dict[str, str]:
    """Return the environment that has a token for each of so many sources."""
    return {f"TOKEN_{number}": f"{TOKEN}-{number}" for number in range(count)}


def rules(count: int) -> str:
    """Return the rules that name so many sources."""
    sources = "\n".join(
        f'  s{number}: {{bot_id: "{number:024x}", customer_id: {CUSTOMER_ID},'
        f' token: "${{TOKEN_{number}}}"}}'
        for number in range(count)
    )
    return f"sources:\n{sources}\n{RULES}"
