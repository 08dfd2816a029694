"""What reading an answer costs, and how long it holds up everything else."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median

import msgspec
from listing import lead
from stand import Stand
from table import Floor, Goal, Row

from notifier.errors import UpstreamError
from notifier.upstream.page import parse_page

MEGABYTE = 1024 * 1024
MOST_MS = 50
BEAT_S = 0.001


def rows(stand: Stand) -> Iterator[Row]:
    """Parse ordinary pages, and answers that are none."""
    repetitions, times = (3, 30) if stand.quick else (9, 100)
    for count in (20, 100):
        body = _page(count)
        samples = [_microseconds(partial(parse_page, body), times) for _ in range(repetitions)]
        floor = _microseconds(partial(msgspec.json.decode, body), times)
        yield Row.of(
            f"parsing a page of {count} leads",
            samples,
            "µs",
            floor=Floor(what="decoding its JSON", figure=floor),
        )
    for name, body in _hostile().items():
        stalls = [asyncio.run(_stall_ms(body)) for _ in range(repetitions)]
        idle = median(asyncio.run(_stall_ms(None)) for _ in range(repetitions))
        yield Row.of(
            f"longest stop of the event loop, {name}",
            stalls,
            "ms",
            floor=Floor(what="with nothing to parse", figure=idle),
            goal=Goal(text=f"under {MOST_MS} ms", met=median(stalls) < MOST_MS),
        )


def _page(count: int) -> bytes:
    found = [lead(number, status="OPEN", updated_ms=0) for number in range(count)]
    return msgspec.json.encode({"success": True, "data": found})


def _hostile() -> dict[str, bytes]:
    text = b"x" * 30 * MEGABYTE
    dense = b'{"_id":"a","x":[' + b"{}," * 10 * MEGABYTE + b"{}]}"
    message = b'{"_id":"%d","t":"' + b'\\"' * (3 * MEGABYTE // 2) + b'"}'
    contents = {
        "11 million empty rows": b"{}," * 10 * MEGABYTE + b"{}",
        "one row of 11 million values": dense,
        "one row of 30 MB of text": b'{"_id":"a","t":"' + text + b'"}',
        "ten messages of 3 MB": b",".join(message % number for number in range(10)),
    }
    return {
        name: b'{"success":true,"data":[' + content + b"]}"
        for name, content in contents.items()
    }


async def _stall_ms(body: bytes | None) -> float:
    """Return the longest pause between two beats while an answer is parsed in a thread."""
    longest, last = 0.0, time.perf_counter()
    parsing = asyncio.create_task(asyncio.to_thread(_parsed, body))
    while not parsing.done():
        await asyncio.sleep(BEAT_S)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return (longest - BEAT_S) * 1000


def _parsed(body: bytes | None) -> None:
    if body is None:
        time.sleep(0.1)
        return
    try:
        parse_page(body)
    except UpstreamError:
        return


def _microseconds(work: Callable[[], object], times: int) -> float:
    begun_ns = time.process_time_ns()
    for _ in range(times):
        work()
    return (time.process_time_ns() - begun_ns) / 1000 / times
