"""What a server does to its members: it fails over, is full, is locked, cuts off who is frozen.

``NOTIFIER_MEMBER_LONG=1`` lets each fault last as long as it may.
"""

import time
from contextlib import ExitStack
from pathlib import Path
from signal import SIGCONT, SIGSTOP

import pytest
from members_faults import LONG, fill, for_s, locked, server_folder, small_disk, soon, states_of
from members_site import SOURCES, site
from members_waiting import bots_of, polled_since, settled, until

from support.needs import needs_root
from support.postgres import FOLLOWED, Server, followed, started

CLAIMED = 16  # at most, of a webhook destination
LOCKED_S = 30.0 if LONG else 11.0
FROZEN_S = 25.0 if LONG else 12.0
FULL_S = 30.0 if LONG else 3.0
TAKEN_OVER_S = 15.0


async def test_a_standby_that_takes_over_loses_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(server_folder()) for _ in range(2))
        primary = stack.enter_context(started(first, **FOLLOWED))
        either = stack.enter_context(followed(first, second))
        # From here on a commit is one where both have it.
        primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.run("SELECT pg_reload_conf()")
        async with (
            site(tmp_path, either) as found,
            found.member("a") as a,
            found.member("b") as b,
        ):
            await settled(found, a, 2)
            found.happen(24)
            await a.until(found.told_to(6))
            assert primary.process
            primary.process.kill()
            found.happen(24)
            await a.until(a.says("members_unreachable"))
            Server(f"{either.url}".replace("read-write", "standby")).run("SELECT pg_promote()")
            await a.until(found.told_all())
            await settled(found, a, 2)
            assert await b.stop() == 0
            assert await a.stop() == 0
            found.check()
            assert found.repeats <= 4 * CLAIMED


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("members", "leases_lost"),
        ("deliveries", "somebody keeps it locked"),
    ],
)
async def test_a_table_that_somebody_locks_costs_time_and_nothing_else(
    tmp_path: Path, postgresql_server: Server, table: str, told: str
) -> None:
    async with (
        site(tmp_path, postgresql_server) as found,
        found.member("a") as a,
        found.member("b") as b,
    ):
        await settled(found, a, 2)
        found.happen(24)
        await a.until(found.told_to(6))
        with locked(found.url, table):
            found.happen(24)
            await for_s(LOCKED_S)
            assert told in a.err + b.err
        await a.until(found.told_all())
        await settled(found, a, 2)
        assert await b.stop() == 0
        assert await a.stop() == 0
        found.check()
        assert found.repeats <= 4 * CLAIMED


async def test_a_server_whose_disk_is_full_goes_on_once_there_is_space(tmp_path: Path) -> None:
    needs_root()
    with ExitStack() as stack:
        folder, wal = (stack.enter_context(server_folder()) for _ in range(2))
        stack.enter_context(small_disk(folder))
        server = stack.enter_context(started(folder, log_in=str(wal)))
        async with (
            site(tmp_path, server) as found,
            found.member("a") as a,
            found.member("b") as b,
        ):
            await settled(found, a, 2)
            found.happen(24)
            await a.until(found.told_to(6))
            fill(folder / "filling")
            while "free some disk space on the server" not in a.err + b.err:
                found.happen(24)
                await for_s(1)
            await for_s(FULL_S)
            (folder / "filling").unlink()
            await a.until(found.told_all())
            await settled(found, a, 2)
            assert await b.stop() == 0
            assert await a.stop() == 0
            found.check()
            assert found.repeats <= 4 * CLAIMED


async def test_who_is_frozen_within_a_transaction_is_cut_off_and_replaced(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with site(tmp_path, postgresql_server) as found:
        way = {"NOTIFIER_DATABASE": f"{found.url}&application_name=frozen"}
        async with found.member("a") as a, found.member("b", **way) as b:
            await settled(found, a, 2)
            with locked(found.url, "records"):
                found.happen(24)
                await soon(lambda: ("active", "Lock") in states_of(found, "frozen"))
                orphans, frozen_s = bots_of(found, b), time.monotonic()
                b.send(SIGSTOP)
            await soon(lambda: [state for state, _ in states_of(found, "frozen")] != [])
            await soon(lambda: states_of(found, "frozen") == [])
            await until(found, a, lambda: polled_since(found, frozen_s + 0.5) >= orphans)
            assert time.monotonic() - frozen_s < TAKEN_OVER_S
            await a.until(found.told_all())
            assert len(bots_of(found, a)) == SOURCES
            await for_s(frozen_s + FROZEN_S - time.monotonic())
            b.send(SIGCONT)
            await b.until(b.says('"event": "leases_lost"'))
            await settled(found, a, 2)
            found.happen(24)
            await a.until(found.told_all())
            assert await b.stop() == 0
            assert await a.stop() == 0
        found.check()
        assert found.repeats <= 2 * CLAIMED
