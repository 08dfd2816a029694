"""Whatever is typed gets a sentence: every argument and option of every command is tried."""

from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
from typer.core import TyperArgument, TyperOption

from notifier.cli.exits import Exit
from notifier.cli.main import MODULES, Commands
from support.cli_runner import Run

Words: TypeAlias = tuple[str, ...]
Place: TypeAlias = TyperArgument | TyperOption

NO_ARGUMENT = {
    "caf\udce9": r"is the byte \xe9: is the terminal set to UTF-8?",
    "\x1b[2J": r"is the control character '\x1b'",
    "12\r": r"is the control character '\r'",
    "x" * 10_000: "characters, more than 4,096",
}
NUMBERS = ("9" * 20, "9" * 250, "-1", "0x10", "nan", "inf", "1e400")
STRANGE = (*NUMBERS, "", " ", "a\nb", "\u0663", "%s {0}", "rule:", "*")
NEEDED: dict[str, dict[str, str]] = {
    "replay": {"since": "2h", "destination": "crm"},
    "mute": {"name": "crm", "duration": "1h"},
}
# They go on until a signal where nothing is wrong with the option.
UNENDING = ("run", "demo", "simulate")


def commands() -> Iterator[tuple[Words, Any]]:
    for name in MODULES:
        command = Commands(MODULES)[name]
        yield (name,), command
        for inner in getattr(command, "commands", {}).values():
            yield (name, inner.name), inner


COMMANDS = dict(commands())
PLACES: list[tuple[Words, Place]] = [
    (words, one)
    for words, command in COMMANDS.items()
    for one in command.params
    if not getattr(one, "is_flag", False)
]
NAMES = [" ".join((*words, one.name or "")) for words, one in PLACES]


def typed(words: Words, place: Place, value: str) -> list[str]:
    """Return a command line with the value in that place, and whatever else is needed."""
    line = list(words)
    for one in COMMANDS[words].params:
        given = NEEDED.get(words[0], {}).get(one.name, "any" if one.required else None)
        if one.name == place.name:
            given = value
        if given is not None:
            is_option = isinstance(one, TyperOption)
            line += [f"{one.opts[0]}={given}"] if is_option else ["--", given]
    return line


@pytest.mark.parametrize(("words", "place"), PLACES, ids=NAMES)
def test_what_cannot_be_an_argument_is_wrong_usage_in_a_line(
    notifier: Run, words: Words, place: Place
) -> None:
    for value, told in NO_ARGUMENT.items():
        ended = notifier(*typed(words, place, value))
        assert (ended.code, ended.out, ended.err.count("\n")) == (Exit.USAGE, "", 1)
        assert told in ended.err


def test_it_says_where_and_repeats_no_more_than_a_character(notifier: Run) -> None:
    ended = notifier("init", "--token", "secret\udce9")
    assert ended.err == (
        "argument 3: character 7 is the byte \\xe9: is the terminal set to UTF-8?\n"
    )
    assert notifier("retry", "12\r").err == (
        "argument 2: character 3 is the control character '\\r': type it by hand\n"
    )
    assert notifier("forget", "x" * 5_000).err == (
        "argument 2: it has 5,000 characters, more than 4,096\n"
    )


@pytest.mark.parametrize(
    ("words", "place"),
    [one for one in PLACES if one[0][0] not in UNENDING],
    ids=[name for name in NAMES if name.split()[0] not in UNENDING],
)
@pytest.mark.usefixtures("filled")
def test_a_strange_value_never_ends_in_a_traceback(
    notifier: Run, words: Words, place: Place
) -> None:
    for value in STRANGE:
        ended = notifier(*typed(words, place, value))
        assert ended.code in list(Exit), value
        assert ended.code == 0 or ended.err, value


@pytest.mark.parametrize("value", ["9" * 20, "9" * 250, "-1", "0x10", "nan", "1e400", "x"])
@pytest.mark.parametrize(
    "option",
    [
        *(("demo", "--seconds"), ("demo", "--seed")),
        *(("simulate", "--port"), ("simulate", "--leads"), ("simulate", "--non-leads")),
        *(("simulate", "--page-size"), ("simulate", "--rate"), ("simulate", "--seed")),
        *(("simulate", "--speed"), ("simulate", "--order")),
    ],
    ids=" ".join,
)
def test_a_number_beyond_reason_starts_nothing(
    notifier: Run, option: tuple[str, str], value: str
) -> None:
    command, name = option
    ended = notifier(command, f"{name}={value}")
    assert (ended.code, ended.out) == (Exit.USAGE, "")
    assert name in ended.err


@pytest.mark.parametrize("value", ["9" * 20, "9" * 250, "0", "0x10", "1.5", "x", ""])
@pytest.mark.parametrize("command", ["retry", "leads --limit", "events --limit"])
@pytest.mark.usefixtures("filled")
def test_a_number_that_the_database_cannot_hold_is_wrong_usage(
    notifier: Run, command: str, value: str
) -> None:
    ended = notifier(*command.split(), value)
    assert (ended.code, ended.out) == (Exit.USAGE, "")
