"""The installed program where its output goes nowhere: full, closed, or no longer read."""

import os
import subprocess
from pathlib import Path

import pytest

from support.filled import RULES, Filled
from support.program import EXECUTABLE

PRINTING = (
    ("version",),
    ("schema",),
    ("destinations", "--json"),
    ("leads", "--csv"),
    ("status",),
    ("mute", "sales", "--for", "1h"),
)
FULL = "stdout cannot be written to: no space left on device\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stage = Filled(tmp_path / "notifier.db")
    stage.db.close()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES, encoding="utf-8")
    return tmp_path


def notifier(folder: Path, script: str, *arguments: str) -> tuple[int, str]:
    """Return the exit code and what stands on stderr; ``script`` redirects ``"$@"``."""
    ended = subprocess.run(
        ["bash", "-c", script, "-", EXECUTABLE, *arguments],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "CRM_SECRET": "whsec_" + "c2Vj" * 8,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_disk_under_stdout_is_told_in_one_line(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    assert notifier(folder, '"$@" > /dev/full', *arguments) == (1, FULL)


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_reader_that_went_away_is_told_of_nothing(
    folder: Path, arguments: tuple[str, ...]
) -> None:
    # The reader is gone before the first word.
    gone = 'exec 3> >(:); wait $!; "$@" >&3'
    assert notifier(folder, gone, *arguments) == (1, "")


@pytest.mark.parametrize("redirected", ["2> /dev/full", "2>&-", "> /dev/null 2>&-", "<&- 2>&-"])
def test_what_stderr_does_not_take_changes_no_exit_code(folder: Path, redirected: str) -> None:
    (folder / ".env").write_text("NOTIFIER_RULEZ=x\n", encoding="utf-8")
    assert notifier(folder, f'"$@" {redirected}', "check", "--rules", "rules") == (0, "")
    assert notifier(folder, f'"$@" {redirected}', "check") == (78, "")
    assert notifier(folder, f'"$@" {redirected}', "nonsense") == (2, "")
