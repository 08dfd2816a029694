"""What stands between members and their database: a pooler, a network that is cut, clocks."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from members_proxy import proxy
from members_site import LANES, SOURCES, MembersSite, site
from members_waiting import bots_of, eventually, settled, until
from pooler import pooler, socket_folder, through

from support.needs import needs
from support.postgres import Server
from support.program import Process

CLAIMED = 16  # at most, of a webhook destination
READY_S = 12.0
LIMIT = 30
STILL_S = 3.0
GLANCE_S = 0.1


async def test_a_pooler_in_transaction_mode_may_stand_between(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with site(tmp_path, postgresql_server) as found, pooler(found.url) as url:
        way = {"NOTIFIER_DATABASE": url}
        async with found.member("a", **way) as a, found.member("b", **way) as b:
            await settled(found, a, 2)
            found.happen(24)
            await a.until(found.told_all())
            await b.kill()
            found.happen(24)
            await a.until(found.told_all())
            status = await found.program("a").ends_here("status", "--json")
            assert status.code == 0
            assert f"/{a.pid}" in status.out
            assert await a.stop() == 0
        found.check()


async def test_a_member_that_is_cut_off_says_so_and_comes_back(
    tmp_path: Path, postgresql_server: Server
) -> None:
    path = f"{socket_folder(postgresql_server.url)}/.s.PGSQL.5432"
    async with site(tmp_path, postgresql_server) as found, proxy(path) as between:
        way = {
            "NOTIFIER_DATABASE": through(found.url, between.port),
            "NOTIFIER_HTTP": "127.0.0.1:0",
        }
        async with found.member("a") as a, found.member("b", **way) as b:
            await settled(found, a, 2)
            await b.until(is_ready(b, ready=True))
            between.cut()
            cut_s = time.monotonic()
            found.happen(24)
            await b.until(is_ready(b, ready=False))
            assert time.monotonic() - cut_s < READY_S
            await until(found, a, lambda: len(bots_of(found, a)) == SOURCES)
            found.happen(24)
            await a.until(found.told_all())
            between.heal()
            await settled(found, a, 2)
            await b.until(is_ready(b, ready=True))
            found.happen(24)
            await a.until(found.told_all())
            assert await b.stop() == 0
            assert await a.stop() == 0
        found.check()
        assert found.repeats <= LANES * CLAIMED


async def is_ready(process: Process, *, ready: bool) -> None:
    """Return once ``/readyz`` says so."""
    await process.says("http_listening")
    port = re.search(r'"port": (\d+), "event": "http_listening"', process.err + process.out)
    assert port
    async with httpx.AsyncClient(verify=False) as client:
        url = f"http://127.0.0.1:{port[1]}/readyz"
        while ((await client.get(url, timeout=20)).status_code == 200) is not ready:  # noqa: ASYNC110
            await asyncio.sleep(GLANCE_S)


async def test_the_clocks_of_hosts_may_be_an_hour_apart(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with site(tmp_path, postgresql_server) as found:
        # A command of its own: what is forked has its clock already.
        found.program("late", **hours_ahead(1)).prefix = (needs("env"),)
        async with found.member("early") as early, found.member("late") as late:
            await settled(found, early, 2)
            for _ in range(2):
                found.happen(24)
                await early.until(found.told_all())
            said = re.findall(r'"timestamp": "([^"]+)"', late.err)
            ahead = datetime.fromisoformat(said[-1]) - datetime.now(UTC)
            assert ahead > timedelta(minutes=55)
            assert await late.stop() == 0
            assert await early.stop() == 0
        found.check()
        assert found.repeats == 0
        (spread_ms,) = found.rows("SELECT MAX(delivered_ms) - MIN(created_ms) FROM deliveries")[
            0
        ]
        assert spread_ms < 300_000


def hours_ahead(hours: int) -> dict[str, str]:
    """Return the environment of a program on a host whose wall clock is ahead."""
    needs("faketime")
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{hours}h",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # else each wait of a thread ends at once
    }


async def test_the_budget_of_a_token_holds_over_all_members(
    tmp_path: Path, postgresql_server: Server
) -> None:
    limit = {"NOTIFIER_RATE_LIMIT": str(LIMIT)}
    async with site(tmp_path, postgresql_server, per_minute=LIMIT, **limit) as found:
        log = found.simulator.requests
        async with found.member("a") as a, found.member("b"), found.member("c"):
            await a.until(log.reached(LIMIT))
            with_more = asyncio.create_task(log.reached(LIMIT + 1))
            await asyncio.wait([with_more], timeout=STILL_S)
            assert not with_more.done()
            with_more.cancel()
        assert log.by_status() == {200: LIMIT}


async def test_a_pause_that_one_member_is_told_holds_for_all(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with (
        site(tmp_path, postgresql_server) as found,
        found.member("a") as a,
        found.member("b"),
    ):
        await settled(found, a, 2)
        found.simulator.limit.per_minute = 1  # whoever asks next is told to wait a minute
        log = found.simulator.requests
        while not log.by_status().get(429):
            await a.until(log.reached(log.total + 1))
        await a.until(heard_by_all(found))
        total = log.total
        with_more = asyncio.create_task(log.reached(total + 1))
        await asyncio.wait([with_more], timeout=STILL_S)
        assert not with_more.done()
        with_more.cancel()


async def heard_by_all(found: MembersSite) -> None:
    """Return once each member has had the time to hear of a pause."""
    await eventually(lambda: found.rows("SELECT 1 FROM paused_tokens") != [])
    await asyncio.sleep(STILL_S)
