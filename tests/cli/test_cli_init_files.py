"""The environment file of ``init``: dotenv, systemd and docker read the same from it."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifier.cli.init_files import dotenv_text
from notifier.configuration.environment import read_dotenv

TEXTS = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=12
).filter(lambda text: text == text.strip())


def systemd(line: str) -> str:
    """Return what ``EnvironmentFile=`` takes from a line, by the automaton of its source."""
    value, quoted, escaped = "", False, False
    for place, letter in enumerate(line.partition("=")[2]):
        if escaped:
            value += letter if not quoted or letter in '"\\`$' else "\\" + letter
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == '"' and (quoted or place == 0):
            quoted = not quoted
        else:
            value += letter
    return value


def read(value: str, file: Path) -> tuple[str, str, str, str]:
    """Return the comment above the value, and what dotenv, systemd and docker read."""
    text = dotenv_text({"NAME": value})
    file.write_text(text, encoding="utf-8")
    (_, *notes, line) = text.splitlines()
    values, faults = read_dotenv(file)
    assert not faults
    return "".join(notes), values["NAME"], systemd(line), line.partition("=")[2]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(TEXTS)
def test_all_three_read_what_was_answered_or_docker_is_warned_of(
    tmp_path: Path, value: str
) -> None:
    note, dotenv, by_systemd, docker = read(value, tmp_path / ".env")
    assert dotenv == by_systemd == value
    assert note.endswith("use -e NAME") if docker != value else not note


def test_what_tokens_are_made_of_needs_no_quotes(tmp_path: Path) -> None:
    for value in ("a$b", "a!b", "a#b", "#a", "a'b", 'a"b', "a;b", "a=b", "é b"):
        assert read(value, tmp_path / ".env") == ("", value, value, value)


def test_a_backslash_needs_quotes_that_docker_keeps(tmp_path: Path) -> None:
    assert read("a\\b", tmp_path / ".env") == (
        "# docker run --env-file takes these quotes literally: use -e NAME",
        "a\\b",
        "a\\b",
        '"a\\\\b"',
    )
