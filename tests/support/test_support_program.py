"""The stand-in for an operator's hands, driven by a few commands."""

from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

import pytest

from support.program import Program


@pytest.mark.parametrize("is_forked", [False, True])
async def test_a_command_runs_to_its_end_in_its_own_environment(
    tmp_path: Path, is_forked: bool
) -> None:
    program = Program(tmp_path, {"NOTIFIER_TOKEN": "two words"}, is_forked=is_forked)
    ended = await program.ends("check")
    assert ended.code == 78
    assert "NOTIFIER_TOKEN, from the environment" in ended.err


@pytest.mark.parametrize("is_forked", [False, True])
async def test_waiting_ends_with_the_process_and_says_what_it_said(
    tmp_path: Path, is_forked: bool
) -> None:
    async with Program(tmp_path, is_forked=is_forked).running("version") as process:
        with pytest.raises(AssertionError, match=r"notifier \d"):
            await process.says("something else")


@pytest.mark.parametrize("is_forked", [False, True])
@pytest.mark.parametrize(("number", "code"), [(SIGKILL, -9), (SIGTERM, 0)])
async def test_a_run_takes_signals(
    tmp_path: Path, is_forked: bool, number: Signals, code: int
) -> None:
    program = Program(tmp_path, is_forked=is_forked)
    async with program.running("simulate", "--port", "0") as process:
        await process.says("NOTIFIER_BASE_URL")
        assert await process.stop(number) == code
