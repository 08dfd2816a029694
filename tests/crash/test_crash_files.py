"""A database that cannot be used is told in a line; one that is busy serves everybody."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from crash_site import CrashSite, site

from support.program import without_rights


async def _refused(found: CrashSite, code: int, *words: str) -> None:
    """See the program refuse to run, in one line with these words."""
    ended = await found.program.ends("run")
    assert ended.code == code
    assert ended.out == ""
    # Log lines are objects; what ends the program is told to a person.
    (line,) = [one for one in ended.err.splitlines() if not one.startswith("{")]
    assert all(word in line for word in words), line


async def test_a_corrupt_file_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    async with site(tmp_path, leads=5) as found:
        found.database.write_bytes(b"no database" * 1_000)
        await _refused(found, 1, "notifier.db is damaged", "notifier backup")
        assert found.database.read_bytes() == b"no database" * 1_000


async def test_a_newer_schema_is_told(tmp_path: Path) -> None:
    async with site(tmp_path, leads=5) as found:
        await found.begin()
        with closing(sqlite3.connect(found.database)) as db, db:
            db.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
                " VALUES ('notifier', '9999_later', '')"
            )
        await _refused(found, 1, "newer notifier", "9999_later")


async def test_a_folder_without_rights_is_told(tmp_path: Path) -> None:
    async with site(tmp_path, leads=5) as found:
        found.program.prefix = without_rights()
        tmp_path.chmod(0o500)  # noqa: ASYNC240
        try:
            await _refused(found, 1, "must own the folder")
        finally:
            tmp_path.chmod(0o700)  # noqa: ASYNC240


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    async with site(tmp_path, leads=5, NOTIFIER_DATABASE="missing/notifier.db") as found:
        await _refused(found, 78, "NOTIFIER_DATABASE", "there is no folder", "missing")


async def test_a_second_run_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with site(tmp_path, leads=20) as found:
        await found.begin()
        async with found.program.running("run") as process:
            await found.polled(process)
            await _refused(found, 75, "another notifier is running")
            found.happen(10)
            await process.until(found.receiver.arrived(len(found.expected)))
            assert await process.stop() == 0
        await found.comes_to_rest()


async def test_commands_and_backups_under_load_work_and_lose_nothing(tmp_path: Path) -> None:
    async with site(tmp_path, leads=200) as found:
        await found.begin()
        async with found.program.running("run") as process:
            found.happen(300)
            await process.until(found.receiver.arrived(5))
            beside = asyncio.gather(
                found.program.ends("backup", "copy.db"),
                found.program.ends("mute", "crm", "--for", "1s"),
            )
            meanwhile = [
                await found.program.ends_here("status", "--json"),
                await found.program.ends_here("deliveries", "--json", "--limit", "50"),
                await found.program.ends_here("events", "--json", "--limit", "50"),
                await found.program.ends_here("retry", "--dead"),
            ]
            for ended in (*await beside, *meanwhile):
                assert (ended.code, ended.err) == (0, "") or ended.code == 1, ended
            await process.until(found.polled(process))
            assert await process.stop() == 0
        copy = tmp_path / "copy.db"
        assert copy.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(copy)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("SELECT COUNT(*) FROM records").fetchone()[0] >= 200


@pytest.mark.parametrize("how", ["deleted", "replaced"])
async def test_a_database_that_went_away_under_the_service_ends_it(
    tmp_path: Path, how: str
) -> None:
    async with site(tmp_path, leads=5) as found:
        await found.begin()
        backup = found.database.read_bytes()
        async with found.program.running("run") as process:
            await found.polled(process)
            found.database.unlink()
            if how == "replaced":
                found.database.write_bytes(backup)
            assert await process.end() == 75
            assert "database_lost" in process.err
            assert "was deleted or replaced while the service ran" in process.err
            assert "Traceback" not in process.err


@pytest.mark.parametrize("closed", ["2>&-", "0<&- 1>&- 2>&-"])
async def test_closed_streams_stop_nothing(tmp_path: Path, closed: str) -> None:
    async with site(tmp_path, leads=5) as found:
        found.program.prefix = ("sh", "-c", f'exec "$@" {closed}', "sh")
        assert (await found.program.ends("once")).code == 0
        found.happen(4)
        assert (await found.program.ends("once")).code == 0
        assert len(found.receiver.requests) == 2
        assert found.rows("PRAGMA integrity_check") == [("ok",)]
