"""What commands print, whatever strangers wrote into it."""

import io
import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


OBEYED = (
    "".join(
        map(chr, [*range(0x7F, 0xA0), 0x61C, *range(0x200E, 0x2010), *range(0x2028, 0x202F)])
    )
    + "\u200b\u2060\u2066\u2067\u2068\u2069\ufeff\U000e0001"
)


def test_json_commands_no_terminal_and_reads_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json([{"name": f"Asha{OBEYED}"}])
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"name": f"Asha{OBEYED}"}
    assert not set(OBEYED) & set(printed)
    assert "\\u007f\\u0080" in printed
    assert "\\udb40\\udc01" in printed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(), st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_json_reads_the_same_on_a_stream_of_any_encoding(
    monkeypatch: pytest.MonkeyPatch, text: str, encoding: str
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    print_json([{"name": text}])
    assert json.loads(written.getvalue().decode(encoding)) == {"name": text}
