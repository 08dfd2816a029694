"""A server's database that is away: at the start, under a running service, for a command."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGTERM
from tempfile import mkdtemp
from urllib.parse import urlsplit

import pytest
from installation import installation

from support.databases import Database
from support.postgres import Server, started


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for a server of the test's own, which another user may enter."""
    folder = Path(mkdtemp(prefix="notifier-postgresql-"))
    yield folder
    shutil.rmtree(folder)


async def test_a_start_waits_for_a_server_and_a_command_does_not(
    tmp_path: Path, place: Path
) -> None:
    with ExitStack() as running:
        kept = Database(tmp_path, running.enter_context(started(place)))
        assert kept.setting
        running.close()
        async with (
            installation(kept) as installed,
            installed.program.running("run") as process,
        ):
            await process.says('"event": "database_awaited"')
            assert "cannot be reached" in process.err
            for command in ("status", "once", "leads"):
                refused = await installed.program.ends(command)
                assert (refused.code, refused.out) == (75, "")
            running.enter_context(started(place))
            await installed.polled(process)
            installed.world.create(name="Asha")
            await process.until(installed.receiver.arrived(1))
            assert await process.stop() == 0


async def test_a_start_waits_for_a_database_that_nobody_has_created_yet(
    tmp_path: Path, postgresql_server: Server
) -> None:
    kept = Database(tmp_path, postgresql_server)
    name = urlsplit(kept.setting).path[1:]
    postgresql_server.drop(kept.setting)
    async with installation(kept) as installed, installed.program.running("run") as process:
        await process.says('"event": "database_awaited"')
        assert "does not exist: create it" in process.err
        assert (await installed.program.ends("once")).code == 75
        postgresql_server.run(f'CREATE DATABASE "{name}"')
        await installed.polled(process)
        assert await process.stop() == 0


async def test_a_start_that_waits_can_be_stopped(tmp_path: Path, place: Path) -> None:
    with ExitStack() as running:
        kept = Database(tmp_path, running.enter_context(started(place)))
        assert kept.setting
        running.close()
        async with installation(kept) as installed:
            async with installed.program.running("run") as process:
                await process.says('"event": "database_awaited"')
                process.send(SIGTERM)
                assert await process.end() == 0
            running.enter_context(started(place))


@pytest.mark.parametrize("is_killed", [False, True])
async def test_a_restarted_server_costs_time_and_nothing_else(
    tmp_path: Path, place: Path, is_killed: bool
) -> None:
    with ExitStack() as running:
        server = running.enter_context(started(place, synchronous_commit="on"))
        async with (
            installation(Database(tmp_path, server)) as installed,
            installed.program.running("run") as process,
        ):
            await installed.polled(process)
            first = installed.world.create(name="Asha")
            await process.until(installed.receiver.arrived(1))
            if is_killed:
                assert server.process
                server.process.kill()
            running.close()
            second = installed.world.create(name="Boris")
            installed.world.change(first, status="CLOSED")
            await process.says("cannot be reached")
            running.enter_context(started(place))
            await process.until(installed.receiver.arrived(3))
            await installed.polled(process)
            assert await process.stop() == 0
            told = [
                (one.event["subject"], one.event["type"]) for one in installed.receiver.received
            ]
            assert sorted(told) == sorted(
                [
                    (first, "lead.created"),
                    (first, "lead.status_changed"),
                    (second, "lead.created"),
                ]
            )
