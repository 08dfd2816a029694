"""The door for what is typed: arguments that no name, id or path can be are refused here."""

import sys
from collections.abc import Iterable
from typing import NoReturn
from unicodedata import category

import typer

from notifier.cli.exits import Exit

LONGEST_CHARS = 4_096  # as long as a path may be


def refuse_odd(arguments: Iterable[str]) -> None:
    """End with wrong usage at an argument that is no plain text, or longer than any may be.

    Behind this door an argument can be printed, stored and looked up. No more of it is
    told than the one character: it may be a token.
    """
    for number, argument in enumerate(arguments, start=1):
        if len(argument) > LONGEST_CHARS:
            length = f"{len(argument):,} characters, more than {LONGEST_CHARS:,}"
            _refuse(f"argument {number} has {length}")
        for place, char in enumerate(argument, start=1):
            which = f"character {place} of argument {number} is"
            if "\ud800" <= char <= "\udfff":
                shown = f"the byte \\x{ord(char) & 0xFF:02x}"
                _refuse(f"{which} {shown}, no UTF-8 text; is the terminal set to UTF-8?")
            if category(char) == "Cc" and char not in "\t\n":
                _refuse(f"{which} the control character {char!a}; type it by hand")


def _refuse(problem: str) -> NoReturn:
    typer.echo(problem, err=True)
    sys.exit(Exit.USAGE)
