"""What commands print, whatever strangers wrote into it."""

import json

import pytest

from notifier.cli.columns import print_table
from notifier.cli.output import print_json, print_warnings
from notifier.errors import Fault


def test_a_table_has_a_heading_and_a_line_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id", "name"], [["1", "Asha"], ["2", None]])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == ["id  name", "1   Asha", "2"]


def test_strangers_words_are_neither_markup_nor_terminal_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(["name"], [["[red]Asha[/red]\x1b[2J\nRao"]])
    assert "[red]Asha[/red] Rao" in capsys.readouterr().out


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json([{"id": 1, "name": "Grüße\n"}, {"id": 2}])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == [{"id": 1, "name": "Grüße\n"}, {"id": 2}]


def test_warnings_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_warnings([Fault(where="rules", problem="odd")])
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "warning: rules: odd\n")
