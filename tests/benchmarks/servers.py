"""PostgreSQL beside SQLite: deliveries in pairs, one member's many sources, its growth.

The server is started from Debian's programs in a temporary folder, and flushes every commit to
the disk, as SQLite does. Where there is none these rows are left out.
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import outbox
from installed import BASELINE_DONE, Running, running, settings, until
from listing import upstream
from many import rules, tokens
from receiver import Receiver, receiver
from stand import Stand
from table import Floor, Goal, Row

sys.path.insert(0, str(Path(__file__).parents[1]))

import psycopg
from pydantic import SecretStr

from notifier import log
from notifier.store.opening import engine_at
from notifier.store.sqlite import Sqlite
from support.needs import path_of
from support.postgres import Server, started

SOURCES = 200
KNOWN = 40
INTERVAL_S = 15
AS_IN_SERVICE = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "shared_buffers": "128MB",
}
COMMITS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
CONNECTIONS = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'notifier'"
SIZE = "SELECT pg_database_size(current_database())"
READY = BASELINE_DONE.replace("MIN(", "MIN(CAST(").replace(") FROM", " AS INTEGER)) FROM")


class Pair(NamedTuple):
    """Deliveries a second on each, and the bytes that each change left on the server."""

    server: float
    file: float
    grown_bytes: float


def rows(stand: Stand) -> Iterator[Row]:
    """Measure on a server of its own, if there are programs to start one."""
    if path_of("postgres") is None:
        sys.stderr.write("servers: left out, PostgreSQL's programs are not installed\n")
        return
    with ExitStack() as stack:
        name = TemporaryDirectory(prefix="notifier-server-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(name))
        server = stack.enter_context(started(folder, **AS_IN_SERVICE))
        yield from _deliveries(stand, server)
        yield from _sources(stand, server)


def _deliveries(stand: Stand, server: Server) -> Iterator[Row]:
    with ExitStack() as stack:
        taking = stack.enter_context(receiver())
        nowhere = stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        log.set_up(log_format="json", level="info", stream=nowhere)
        _pair(stand.place("servers-warm"), server, taking)
        count = 4 if stand.quick else 12
        pairs = [_pair(stand.place(f"servers{one}"), server, taking) for one in range(count)]
    share = median(one.server / one.file for one in pairs)
    yield Row.of(
        "deliveries on PostgreSQL, as many webhooks, recorded; no upstream",
        [one.server for one in pairs],
        "leads/s",
        floor=Floor(what="on SQLite, in turns", figure=median(one.file for one in pairs)),
    )
    yield Row.of(
        "the same, as a share of SQLite's of the same pair",
        [one.server / one.file for one in pairs],
        "",
        goal=Goal(text="≥ 0.5", met=share >= 0.5),
    )
    yield Row.of(
        "database size a change, with its event and delivery, on PostgreSQL",
        [one.grown_bytes for one in pairs],
        "bytes",
    )


def _pair(folder: Path, server: Server, taking: Receiver) -> Pair:
    """Deliver by way of each, one after the other."""
    file_s = asyncio.run(outbox.delivered(Sqlite(folder / "notifier.db"), taking.url))
    taking.arrivals(outbox.CHANGED)
    url = server.database()
    engine = engine_at(SecretStr(url))
    sizes: list[int] = []
    server_s = asyncio.run(
        outbox.delivered(engine, taking.url, begins=lambda: sizes.append(_number(url, SIZE)))
    )
    taking.arrivals(outbox.CHANGED)
    grown = (_number(url, SIZE) - sizes[0]) / outbox.CHANGED
    server.drop(url)
    return Pair(outbox.CHANGED / server_s, outbox.CHANGED / file_s, grown)


def _sources(stand: Stand, server: Server) -> Iterator[Row]:
    """Watch one member with many sources that rest."""
    intervals = 2 if stand.quick else 5
    watch_s = intervals * INTERVAL_S
    with ExitStack() as stack:
        listing = stack.enter_context(upstream(KNOWN))
        taking = stack.enter_context(receiver())
        url = server.database()
        more = tokens(SOURCES) | {
            "NOTIFIER_DATABASE": url,
            "NOTIFIER_POLL_INTERVAL": f"{INTERVAL_S}s",
            "NOTIFIER_RATE_LIMIT": "90",
        }
        environment = settings(listing.url, taking.url, **more)
        program = stack.enter_context(
            running(stand.place("servers-many"), environment, rules=rules(SOURCES))
        )
        until(lambda: _number(url, f"SELECT COUNT(*) = {SOURCES} FROM listings") == 1)
        until(lambda: _number(url, READY) == 1)
        time.sleep(INTERVAL_S)  # every source is in its rhythm
        commits, cpu_s = _number(url, COMMITS), program.cpu_s()
        time.sleep(watch_s)
        commits, cpu_s = _number(url, COMMITS) - commits, program.cpu_s() - cpu_s
        yield from _watched(program, url, share=cpu_s / watch_s, commits_a_s=commits / watch_s)


def _watched(program: Running, url: str, *, share: float, commits_a_s: float) -> Iterator[Row]:
    name = f"{SOURCES} sources of one member, each every {INTERVAL_S} s, on PostgreSQL"
    yield Row.of(f"{name}: its share of a core", [share * 100], "%")
    yield Row.of("its memory", [program.memory_mb()], "MB")
    yield Row.of("its transactions and single statements a second", [commits_a_s], "")
    yield Row.of("its connections", [_number(url, CONNECTIONS)], "")


def _number(url: str, query: str) -> int:
    """Return the number that a query finds; -1 for nothing."""
    with closing(psycopg.connect(url)) as connection:
        found = connection.execute(query.encode()).fetchone()
    return -1 if found is None or found[0] is None else int(found[0])
