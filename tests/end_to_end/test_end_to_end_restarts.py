"""Stops, kills and second copies: nothing is lost, and a repeat has the same id."""

import asyncio
from pathlib import Path
from signal import SIGTERM

from installation import Installation, installation

from support.databases import Database
from support.loopback import Reply


async def test_a_stop_finishes_what_is_in_flight_and_the_next_run_goes_on(
    database: Database,
) -> None:
    async with installation(database) as installed:
        gate = asyncio.Event()
        installed.receiver.replies.append(Reply(status=204, gate=gate))
        async with installed.program.running("run") as process:
            await installed.polled(process)
            first = installed.world.create(name="Asha")
            await process.until(installed.receiver.arrived(1))
            process.send(SIGTERM)
            await process.says('"stopping"')
            gate.set()
            assert await process.end() == 0
        assert states(installed) == ["delivered"]

        second = installed.world.create(name="Bjørn")
        installed.world.change(first, status="CLOSED")
        async with installed.program.running("run") as process:
            await process.until(installed.receiver.arrived(3))
            await installed.polled(process)
            assert await process.stop() == 0
        told = {
            (one.event["subject"], one.event["type"]) for one in installed.receiver.received
        }
        assert told == {
            (first, "lead.created"),
            (second, "lead.created"),
            (first, "lead.status_changed"),
        }
        assert len(installed.receiver.requests) == 3
        assert states(installed) == ["delivered"] * 3


async def test_a_stop_waits_no_longer_than_ten_seconds_for_a_receiver(
    database: Database,
) -> None:
    async with installation(database) as installed:
        installed.receiver.replies.append(Reply(gate=asyncio.Event()))
        async with installed.program.running("run") as process:
            await installed.polled(process)
            installed.world.create(name="Asha")
            await process.until(installed.receiver.arrived(1))
            async with asyncio.timeout(12):
                assert await process.stop() == 0
        assert states(installed) == ["pending"]


async def test_what_a_kill_cut_off_comes_again_under_the_same_id(database: Database) -> None:
    async with installation(database) as installed:
        installed.receiver.replies.append(Reply(gate=asyncio.Event()))
        async with installed.program.running("run") as process:
            await installed.polled(process)
            installed.world.create(name="Asha")
            await process.until(installed.receiver.arrived(1))
            await process.kill()
        async with installed.program.running("run") as process:
            await process.until(installed.receiver.arrived(2))
            await installed.polled(process)
            assert await process.stop() == 0
        cut_off, again = installed.receiver.received
        assert (again.id, again.body) == (cut_off.id, cut_off.body)
        ended = installed.rows("SELECT state, attempts FROM deliveries")
        assert ended == [("delivered", 1)]


async def test_a_first_run_that_was_killed_begins_again_in_silence(database: Database) -> None:
    async with installation(database, leads=400) as installed:
        async with installed.program.running("run") as process:
            await process.until(installed.simulator.requests.reached(5))
            await process.kill()
        during = installed.world.create(name="Asha")
        async with installed.program.running("run") as process:
            await process.until(installed.receiver.arrived(1))
            await installed.polled(process)
            assert await process.stop() == 0
        (told,) = installed.receiver.received
        assert told.event["subject"] == during
        assert installed.rows("SELECT COUNT(*) FROM records") == [(401,)]


async def test_a_second_run_on_the_same_database_is_refused(tmp_path: Path) -> None:
    async with (
        installation(tmp_path) as installed,
        installed.program.running("run") as process,
    ):
        await installed.polled(process)
        for command in ("run", "once"):
            refused = await installed.program.ends(command)
            assert (refused.code, refused.out) == (75, "")
            assert refused.err.startswith("another notifier is running on notifier.db")
            assert len(refused.err.splitlines()) == 1
        assert await process.stop() == 0


async def test_once_delivers_what_is_due_and_says_whether_anything_is_left(
    database: Database,
) -> None:
    async with installation(database) as installed:
        assert (await installed.program.ends("once")).code == 0
        assert installed.receiver.requests == []
        installed.world.create(name="Asha")
        installed.receiver.replies.append(Reply(status=500))
        assert (await installed.program.ends("once")).code == 75
        assert states(installed) == ["pending"]
        installed.receiver.replies.append(Reply(status=204))
        installed.world.create(name="Bjørn")
        assert (await installed.program.ends("once")).code == 75
        assert sorted(states(installed)) == ["delivered", "pending"]


def states(installed: Installation) -> list[str]:
    return [state for (state,) in installed.rows("SELECT state FROM deliveries")]
