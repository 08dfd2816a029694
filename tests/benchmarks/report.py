"""A report on 100,000 leads: what it takes, and how long it keeps the database to itself."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

import httpx
from installed import DATABASE
from table import Floor, Goal, Row

from notifier.measuring import measure_report
from notifier.reports.asked import Asked
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite

P = ParamSpec("P")
T = TypeVar("T")

FIRST_LOOKS = 7
# Nine of ten have an owner, eight a reply, six are closed: none like another.
ANSWER = """
    UPDATE responses SET
        owned_ms = CASE WHEN created_ms % 10 < 9
            THEN created_ms + created_ms * 7919 % 3600000 END,
        replied_ms = CASE WHEN created_ms / 10 % 10 < 8
            THEN created_ms + created_ms * 7919 % 3001 * (created_ms * 104729 % 2999) END,
        closed_ms = CASE WHEN created_ms / 100 % 10 < 6
            THEN created_ms + created_ms * 7919 % 86400000 END,
        assignee = '631aa793bcfa100487d13d' || (10 + created_ms * 104729 % 40)
"""
LEAST = """
    SELECT created_ms, owned_ms, replied_ms, taken_ms, closed_ms, status, assignee
    FROM responses WHERE created_ms >= :from_ms ORDER BY created_ms
"""


@dataclass(slots=True)
class Looker:
    """Asks the database, and notes how long each question keeps its thread."""

    session: Session
    held_s: list[float] = field(default_factory=list)

    async def look(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        begun = time.perf_counter()
        found = function(self.session, *args, **kwargs)
        self.held_s.append(time.perf_counter() - begun)
        return found


def answer(session: Session) -> None:
    """Let most of the leads have been answered, sooner or later."""
    session.execute(ANSWER)


def rows(folder: Path, *, leads: int, days: int, times: int) -> Iterator[Row]:
    """Report half of the leads beside the other half, the period before, again and again."""
    cpu_s, floor_s = [], []
    with closing(Sqlite(folder / DATABASE).open()) as session:
        looker, asked = Looker(session), _asked(days)
        for _ in range(times):
            begun = time.process_time()
            report = asyncio.run(
                measure_report(looker.look, asked, watched={}, agents={}, kept_ms=0)
            )
            cpu_s.append(time.process_time() - begun)
            assert report.leads + report.before.leads == leads
            begun = time.process_time()
            session.execute(LEAST, {"from_ms": asked.before_ms}).fetchall()
            floor_s.append(time.process_time() - begun)
    floor = Floor(what="one SELECT of seven columns", figure=min(floor_s))
    goal = Goal(text="< 1 s", met=sorted(cpu_s)[times // 2] < 1)
    what = f"CPU of a report on {leads:,} leads, {3 * leads:,} events"
    yield Row.of(what, cpu_s, "s", floor=floor, goal=goal)
    held_ms = [1000 * max(looker.held_s)]
    goal = Goal(text="≤ 50 ms", met=held_ms[0] <= 50)
    yield Row.of("the longest that it holds the database's thread", held_ms, "ms", goal=goal)


def _asked(days: int) -> Asked:
    now_ms = time.time_ns() // 1_000_000
    return Asked(
        since=timedelta(days=days),
        until_ms=now_ms,
        now_ms=now_ms,
        goal_ms=300_000,
        zone=ZoneInfo("Asia/Kolkata"),
    )


def first_looks(client: httpx.Client, *, leads: int, days: int) -> Iterator[Row]:
    """Ask the page for reports that nobody has asked for, and wait for their figures."""
    answered, counted = [], []
    for minutes in range(1, FIRST_LOOKS + 1):
        path = f"/response?since={days}d&goal={minutes}m"
        begun = time.perf_counter()
        found = client.get(path)
        answered.append((time.perf_counter() - begun) * 1000)
        while "refresh" in found.headers:
            found = client.get(path)
        counted.append(time.perf_counter() - begun)
        assert found.status_code == 200
    worst_ms = max(answered)
    goal = Goal(text="≤ 150 ms", met=worst_ms <= 150)
    what = f"first look at a report on {leads:,} leads → an answer, slowest of {FIRST_LOOKS}"
    yield Row.of(what, answered, "ms", figure=worst_ms, goal=goal)
    yield Row.of("the same → its figures", counted, "s")
