"""The stand-in for an operator's hands, driven by a few commands."""

from pathlib import Path

import pytest

from support.program import Program


async def test_a_command_runs_to_its_end_in_its_own_environment(tmp_path: Path) -> None:
    ended = await Program(tmp_path, {"NOTIFIER_TOKEN": "two words"}).ends("check")
    assert ended.code == 78
    assert "NOTIFIER_TOKEN, from the environment" in ended.err


async def test_waiting_ends_with_the_process_and_says_what_it_said(tmp_path: Path) -> None:
    async with Program(tmp_path).running("version") as process:
        with pytest.raises(AssertionError, match=r"notifier \d"):
            await process.says("something else")
