"""The disk fails in the middle of a statement: through strace, which makes it fail."""

from pathlib import Path

import pytest
from crash_site import CrashSite, site

from support.needs import needs
from support.site import SECRET


def traced(*injected: str) -> tuple[str, ...]:
    """Return the command that runs a program whose system calls fail as injected.

    With ``-D`` the program is our child and the tracer stands aside.
    """
    calls = ",".join(one.partition(":")[0] for one in injected)
    injections = [word for one in injected for word in ("-e", f"inject={one}")]
    return (
        needs("strace"),
        "-D",
        "-f",
        "-qqq",
        "-o",
        "/dev/null",
        "-e",
        f"trace={calls}",
        *injections,
    )


async def _runs_until_killed(found: CrashSite, nth: int) -> None:
    found.program.prefix = traced(f"fdatasync:signal=SIGKILL:when={nth}")
    async with found.program.running("run") as process:
        found.happen(20)
        assert await process.end() == -9
    found.program.prefix = ()


@pytest.mark.parametrize("nth", [1, 3, 8])
async def test_killed_at_a_sync_under_load(tmp_path: Path, nth: int) -> None:
    async with site(tmp_path, leads=40) as found:
        await found.begin()
        await _runs_until_killed(found, nth)
        await found.comes_to_rest()


async def test_killed_at_each_sync_of_its_first_start(tmp_path: Path) -> None:
    async with site(tmp_path, leads=40) as found:
        for nth in range(1, 7):
            found.program.prefix = traced(f"fdatasync:signal=SIGKILL:when={nth}")
            async with found.program.running("run") as process:
                assert await process.end() == -9
        found.program.prefix = ()
        await found.begin()
        found.happen(10)
        await found.comes_to_rest()


@pytest.mark.parametrize(
    "fault",
    [
        "fdatasync:error=EIO:when=9..11",
        "pwrite64:error=ENOSPC:when=40..43",
        "pwrite64:error=EIO:when=45..47",
    ],
)
async def test_a_disk_that_fails_for_a_while_costs_nothing_but_time(
    tmp_path: Path, fault: str
) -> None:
    async with site(tmp_path, leads=40) as found:
        await found.begin()
        found.program.prefix = traced(fault)
        async with found.program.running("run") as process:
            found.happen(40)
            await process.says("_unavailable")
            await process.until(found.receiver.arrived(len(found.expected)))
            await found.polled(process)
            assert await process.stop() == 0
        found.program.prefix = ()
        await found.comes_to_rest()


async def test_a_stop_while_the_disk_is_full_is_still_a_stop(tmp_path: Path) -> None:
    async with site(tmp_path, leads=40) as found:
        await found.begin()
        found.program.prefix = traced("pwrite64:error=ENOSPC:when=40+")
        async with found.program.running("run") as process:
            found.happen(40)
            await process.says("_unavailable")
            await process.stop()
            assert "Traceback" not in process.err
            assert SECRET not in process.err
        found.program.prefix = ()
        await found.comes_to_rest()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("pwrite64:error=ENOSPC:when=1+", "free some disk space"),
        ("pwrite64:error=ENOSPC:when=30+", "free some disk space"),
        ("fdatasync:error=EIO:when=1+", "check the system log"),
        ("fdatasync:error=EIO:when=3+", "check the system log"),
    ],
)
async def test_a_disk_that_fails_at_the_start_is_told_in_a_line(
    tmp_path: Path, fault: str, words: str
) -> None:
    async with site(tmp_path, leads=40) as found:
        found.program.prefix = traced(fault)
        ended = await found.program.ends("run")
        assert ended.code == 1
        assert words in ended.err
        assert [line for line in ended.err.splitlines() if not line.startswith("{")] == [
            ended.err.splitlines()[-1]
        ]


async def test_a_backup_that_is_stopped_leaves_nothing_behind(tmp_path: Path) -> None:
    async with site(tmp_path, leads=40) as found:
        await found.begin()
        before = names(tmp_path)
        found.program.prefix = traced("fdatasync:signal=SIGTERM:when=1")
        ended = await found.program.ends("backup", "copy.db")
        found.program.prefix = ()
        assert (ended.code, ended.out) == (143, "")
        assert names(tmp_path) == before


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
