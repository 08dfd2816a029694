"""Members as processes: killed, frozen, stopped, cut off, and what must come of it.

``NOTIFIER_MEMBER_KILLS=200`` makes it thorough; a few will do for every push.
"""

import os
import time
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from signal import SIGCONT, SIGSTOP
from tempfile import TemporaryDirectory

from members_site import SOURCES, site
from members_waiting import bots_of, polled_since, settled, two_members, until

from support.postgres import Server, started

KILLS = int(os.environ.get("NOTIFIER_MEMBER_KILLS", "4"))
CLAIMED = 16  # at most, of a webhook destination
TAKEN_OVER_S = 15.0
FROZEN_S = 12.0  # longer than a lease


async def test_members_that_are_killed_at_random_lose_nothing(
    tmp_path: Path, postgresql_server: Server
) -> None:
    chance = Random(7)
    async with site(tmp_path, postgresql_server) as found, AsyncExitStack() as stack:
        names = ["a", "b", "c"]
        members = {name: await stack.enter_async_context(found.member(name)) for name in names}
        await settled(found, members["a"], 3)
        for number in range(KILLS):
            found.happen(24)
            await members["a"].until(found.told_to(chance.randrange(1, 12)))
            name = chance.choice(names)
            await members[name].kill()
            members[name] = await stack.enter_async_context(found.member(name))
            assert found.simulator.requests.most_at_once == 1, number
        found.happen(24)
        await members["a"].until(found.told_all())
        for process in members.values():
            assert await process.stop() == 0
        found.check()
        assert found.repeats <= KILLS * CLAIMED
        # One that was killed last may not have been removed yet.
        left = {name.rpartition("/")[2] for (name,) in found.rows("SELECT name FROM members")}
        assert left.isdisjoint(str(process.pid) for process in members.values())


async def test_a_successor_polls_and_delivers_within_15_s_of_a_death(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with two_members(tmp_path, postgresql_server) as (found, a, b):
        found.happen(24)
        await a.until(found.told_all())
        orphans, killed_s = bots_of(found, b), time.monotonic()
        await b.kill()
        found.happen(24)
        await until(found, a, lambda: polled_since(found, killed_s + 0.5) >= orphans)
        polled_s = time.monotonic() - killed_s
        await a.until(found.told_all())
        told_s = time.monotonic() - killed_s
        assert polled_s < TAKEN_OVER_S
        assert told_s < TAKEN_OVER_S
        assert await a.stop() == 0
        found.check()


async def test_who_stops_repeats_nothing_and_has_handed_over_at_once(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with two_members(tmp_path, postgresql_server) as (found, a, b):
        found.happen(48)
        await a.until(found.told_to(5))
        begun_s = time.monotonic()
        assert await b.stop() == 0
        assert bots_of(found, b) == set()
        await until(found, a, lambda: len(bots_of(found, a)) == SOURCES)
        assert time.monotonic() - begun_s < 6  # with the process's own end
        found.happen(24)
        await a.until(found.told_all())
        assert await a.stop() == 0
        found.check()
        assert found.repeats == 0


async def test_a_member_that_was_frozen_does_nothing_once_it_thaws(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with two_members(tmp_path, postgresql_server) as (found, a, b):
        b.send(SIGSTOP)
        frozen_s = time.monotonic()
        while time.monotonic() < frozen_s + FROZEN_S:
            found.happen(12)
            await a.until(found.told_all())
        assert len(bots_of(found, a)) == SOURCES
        said = len(b.out + b.err)
        found.happen(12)
        b.send(SIGCONT)
        await b.until(b.says('"event": "leases_lost"'))
        await settled(found, a, 2)
        found.happen(24)
        await a.until(found.told_all())
        assert "lane_crashed" not in (b.out + b.err)[said:]
        assert await b.stop() == 0
        assert await a.stop() == 0
        found.check()
        assert found.repeats <= 2 * CLAIMED


async def test_a_server_that_is_restarted_is_an_outage_and_no_crash(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        # Where a server that is not root's may go.
        folder = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        running = await stack.enter_async_context(AsyncExitStack())
        server = running.enter_context(started(folder))
        found = await stack.enter_async_context(site(tmp_path, server))
        a = await stack.enter_async_context(found.member("a"))
        b = await stack.enter_async_context(found.member("b"))
        await settled(found, a, 2)
        found.happen(24)
        await running.aclose()
        found.happen(24)
        await a.until(a.says("members_unreachable"))
        running.enter_context(started(folder))
        await a.until(found.told_all())
        await settled(found, a, 2)
        assert await b.stop() == 0
        assert await a.stop() == 0
        found.check()
        assert found.repeats <= 4 * CLAIMED
