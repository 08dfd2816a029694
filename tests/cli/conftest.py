"""The command line, run in this process from an empty working folder."""

import os
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from cli_runner import Ended, Run
from filled import ASHA, BORIS, RULES, Filled

from notifier.cli.main import command_line


@pytest.fixture
def notifier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    for name in [name for name in os.environ if name.startswith("NOTIFIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, answers: str = "") -> Ended:
        monkeypatch.setattr(sys, "argv", ["notifier", *arguments])
        monkeypatch.setattr(sys, "stdin", StringIO(answers))
        with pytest.raises(SystemExit) as ended:
            command_line()
        printed = capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=printed.out, err=printed.err)

    return run


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    """Two new leads, Asha from India and Boris from Nepal; then Asha's is closed."""
    monkeypatch.setenv("NOTIFIER_TIMEZONE", "Asia/Kolkata")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    stage = Filled(tmp_path / "notifier.db")
    stage.lead(ASHA, name="Asha Rao", country="India", status="OPEN")
    stage.lead(BORIS, name="Boris", country="Nepal", status="OPEN")
    stage.look()
    stage.lead(ASHA, status="CLOSED")
    stage.look()
    yield stage
    stage.db.close()
