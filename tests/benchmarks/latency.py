"""One change on a quiet machine: how soon its webhook is there."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from floors import Bare, bare
from installed import BASELINE_DONE, BOT_ID, running, settings, until
from listing import Served, Upstream, upstream
from receiver import Receiver, receiver
from stand import Stand
from table import Floor, Goal, Row, p95

KNOWN = 1_000
QUIET_POLLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Milliseconds to one webhook's arrival: from its page, from the change, and bare."""

    served_ms: float
    changed_ms: float
    floor_ms: float


def rows(stand: Stand) -> Iterator[Row]:
    """Let one lead change at a time, at moments that have nothing to do with the polls."""
    with ExitStack() as stack:
        listing = stack.enter_context(upstream(KNOWN))
        taking = stack.enter_context(receiver())
        floor = stack.enter_context(bare(listing.url, taking.url))
        environment = settings(listing.url, taking.url)
        program = stack.enter_context(running(stand.place("latency"), environment))
        until(lambda: program.count(BASELINE_DONE) == 1)
        _sample(listing, taking, floor)  # every connection is open from here on
        chance = random.Random(1)
        samples = []
        for _ in range(15 if stand.quick else 50):
            time.sleep(chance.random())
            samples.append(_sample(listing, taking, floor))
        yield from _rows(samples)
        yield _requests(listing)


def _sample(listing: Upstream, taking: Receiver, floor: Bare) -> Sample:
    changed_ns = time.monotonic_ns()
    listing.change(1)
    (arrived,) = taking.arrivals(1)
    page = listing.served()[0]
    floor.relay()
    (relayed,) = taking.arrivals(1)
    bare_page = next(one for one in listing.served() if one.bot_id != BOT_ID)
    return Sample(
        served_ms=(arrived.at_ns - page.at_ns) / 1e6,
        changed_ms=(arrived.at_ns - changed_ns) / 1e6,
        floor_ms=(relayed.at_ns - bare_page.at_ns) / 1e6,
    )


def _rows(samples: Sequence[Sample]) -> Iterator[Row]:
    served = [one.served_ms for one in samples]
    floors = [one.floor_ms for one in samples]
    for name, figure in (("median", median), ("p95", p95)):
        yield Row.of(
            f"page served → webhook there, one change, {name} of {len(samples)}",
            served,
            "ms",
            figure=figure(served),
            floor=Floor(what="bare GET → POST, no more", figure=figure(floors)),
            goal=Goal(text="≤ 5 ms", met=p95(served) <= 5) if figure is p95 else None,
        )
    changed = [one.changed_ms / 1000 for one in samples]
    yield Row.of(
        f"change → webhook there at a poll interval of 1 s, p95 of {len(samples)}",
        changed,
        "s",
        figure=p95(changed),
        floor=Floor(what="95 % of the interval", figure=0.95),
        goal=Goal(text="≤ 1.05 s", met=p95(changed) <= 1.05),
    )


def _requests(listing: Upstream) -> Row:
    """Return how many requests came for each second in which nothing changes."""
    before = len(listing.served())
    served = listing.serves(before + QUIET_POLLS + 1)[before:]
    return Row.of(
        "requests of a quiet poll",
        [len(served[:-1]) / _seconds(served)],
        "",
        goal=Goal(text="1", met=_seconds(served) == QUIET_POLLS),
    )


def _seconds(served: Sequence[Served]) -> int:
    return round((served[-1].at_ns - served[0].at_ns) / 1e9)
