"""Waits for what members have yet to do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from members_site import SOURCES, MembersSite, site

from support.postgres import Server
from support.program import Process

BASELINES = "SELECT COUNT(*) FROM listings WHERE baseline_done_ms IS NOT NULL"


async def until(found: MembersSite, process: Process, holds: Callable[[], bool]) -> None:
    """Return once something holds; looked at after each request to the world."""

    async def looking() -> None:
        log = found.simulator.requests
        while not holds():
            await log.reached(log.total + 1)

    await process.until(looking())


async def settled(found: MembersSite, process: Process, members: int) -> None:
    """Return once every source has its baseline, and each member its share."""
    each = SOURCES // members
    await until(
        found,
        process,
        lambda: (
            found.rows(BASELINES) == [(SOURCES,)] and found.shares("source") == [each] * members
        ),
    )


@asynccontextmanager
async def two_members(
    folder: Path, server: Server
) -> AsyncIterator[tuple[MembersSite, Process, Process]]:
    """Give a site with members ``a`` and ``b`` once each has its share."""
    async with site(folder, server) as found, found.member("a") as a, found.member("b") as b:
        await settled(found, a, 2)
        yield found, a, b


def polled_since(found: MembersSite, at_s: float) -> set[str]:
    """Return the bots that were asked for since a moment of the monotonic clock."""
    return {one.bot_id for one in found.simulator.requests.all() if one.at_s > at_s}


def bots_of(found: MembersSite, process: Process) -> set[str]:
    """Return the bots whose sources a member holds."""
    rows = found.rows(
        "SELECT thing FROM leases JOIN members ON members.id = holder"
        f" WHERE name LIKE '%/{process.pid}' AND thing LIKE 'source/%'"
    )
    return {thing.partition("/")[2] for (thing,) in rows}


async def eventually(holds: Callable[[], bool]) -> None:
    """Return once something holds."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 - two members in this very loop decide it
            await asyncio.sleep(0.1)
