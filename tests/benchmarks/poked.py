"""A change and the poke that tells of it: how soon its webhook is there."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

from floors import Bare, bare
from installed import BASELINE_DONE, running, settings, until
from listing import Upstream, upstream
from receiver import Receiver, receiver
from stand import Stand
from table import Floor, Goal, Row, p95

KNOWN = 1_000
FEW = 200  # a full walk at 90 requests a minute takes some seconds, with glances a minute
POKE_SECRET = "a-poke-of-the-benchmark"
APART_S = 1.05  # pokes within a second are one
ANY_BASELINE_DONE = "SELECT MIN(baseline_done_ms IS NOT NULL) FROM listings"


def rows(stand: Stand) -> Iterator[Row]:
    """Change a lead and poke, again and again, long before the next poll by the clock."""
    yield _row(stand, "poked", upstream(KNOWN), BASELINE_DONE)
    unordered = upstream(FEW, is_ordered=False)
    limit = {"NOTIFIER_RATE_LIMIT": "90"}
    yield _row(stand, "beside glances", unordered, ANY_BASELINE_DONE, **limit)


def _row(
    stand: Stand,
    name: str,
    serving: AbstractContextManager[Upstream],
    ready: str,
    **limit: str,
) -> Row:
    with ExitStack() as stack:
        listing = stack.enter_context(serving)
        taking = stack.enter_context(receiver())
        floor = stack.enter_context(bare(listing.url, taking.url))
        environment = settings(
            listing.url,
            taking.url,
            NOTIFIER_POLL_INTERVAL="60s",
            NOTIFIER_HTTP="127.0.0.1:0",
            NOTIFIER_POKE_SECRET=POKE_SECRET,
            **limit,
        )
        folder = stand.place(name)
        program = stack.enter_context(running(folder, environment))
        until(lambda: program.count(ready) == 1)
        address = f"127.0.0.1:{_port(folder)}"
        # More at this pace would use up the minute's requests, and wait for the next.
        count = 15 if stand.quick or limit else 50
        samples = [_sample_s(listing, taking, address) for _ in range(count + 1)][1:]
        floors = [_floor_s(taking, floor) for _ in range(count)]
    beside = ", beside glances and full walks" if limit else ""
    return Row.of(
        f"change and poke → webhook there at a poll interval of 60 s{beside}, p95 of {count}",
        samples,
        "s",
        figure=p95(samples),
        floor=Floor(what="bare GET → POST, no more", figure=p95(floors)),
        goal=Goal(text="≤ 1 s", met=max(samples) <= 1),
    )


def _sample_s(listing: Upstream, taking: Receiver, address: str) -> float:
    time.sleep(APART_S)
    changed_ns = time.monotonic_ns()
    listing.change(1)
    with closing(http.client.HTTPConnection(address)) as connection:
        connection.request("POST", f"/poke/{POKE_SECRET}")
        assert connection.getresponse().status == 204
    (arrived,) = taking.arrivals(1)
    return (arrived.at_ns - changed_ns) / 1e9


def _floor_s(taking: Receiver, floor: Bare) -> float:
    begun_ns = time.monotonic_ns()
    floor.relay()
    (relayed,) = taking.arrivals(1)
    return (relayed.at_ns - begun_ns) / 1e9


def _port(folder: Path) -> int:
    lines = map(json.loads, (folder / "log").read_text(encoding="utf-8").splitlines())
    return next(int(line["port"]) for line in lines if line["event"] == "http_listening")
