"""Finding commands, and what an error looks like from outside."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from notifier import __version__
from notifier.cli.exits import Exit, exit_code
from notifier.cli.main import MODULES, Commands
from notifier.errors import BusyError, ConfigError, NotifierError, StoreError
from support.cli_runner import Run

INSTALLED = Path(sys.executable).with_name("notifier")


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_command_is_in_its_module_and_says_what_it_does(name: str) -> None:
    command = Commands(MODULES)[name]
    assert command.name == name
    assert command.help


def test_help_lists_every_command(notifier: Run) -> None:
    ended = notifier("--help")
    assert ended.code == 0
    assert all(name in ended.out for name in MODULES)


def test_an_unknown_command_is_wrong_usage_with_a_suggestion(
    notifier: Run,
) -> None:
    ended = notifier("chekc")
    assert ended.code == 2
    assert "Did you mean 'check'?" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_the_version_goes_to_stdout(notifier: Run, asked: str) -> None:
    ended = notifier(asked)
    assert (ended.code, ended.out) == (0, f"notifier {__version__}\n")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError([]), 78),
        (BusyError("taken"), 75),
        (StoreError("broken"), 1),
        (NotifierError("failed"), 1),
    ],
)
def test_each_error_has_its_exit_code(error: NotifierError, code: int) -> None:
    assert exit_code(error) is Exit(code)


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        ("version", {"httpx", "pydantic_settings", "sqlite_utils", "rich.console"}),
        ("status", {"httpx", "jinja2", "ruamel.yaml", "email_validator", "structlog"}),
    ],
)
def test_a_command_loads_what_it_needs(command: str, unused: set[str], tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", INSTALLED, command],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    loaded = set(re.findall(r"^import time: .*\| *(\S+)$", shown.stderr, re.MULTILINE))
    assert "notifier.cli.main" in loaded
    assert loaded & unused == set()


def test_a_reader_that_goes_away_sees_no_traceback() -> None:
    with subprocess.Popen(
        [INSTALLED, "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert b"Traceback" not in running.stderr.read()


def test_help_wraps_where_the_terminal_ends_and_not_the_source(notifier: Run) -> None:
    told = " ".join(line.strip() for line in notifier("init", "--help").out.splitlines())
    assert "With --force the values that are there" in told
    lines = notifier("init", "--help").out.splitlines()
    assert "the" not in [line.strip() for line in lines]
