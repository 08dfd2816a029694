"""Checks what is typed: refuses what cannot be a name, an id or a path."""

import sys
from collections.abc import Iterable
from typing import NoReturn
from unicodedata import category

import typer

from notifier.cli.exits import Exit

LONGEST_CHARS = 4_096  # as long as a path may be


def refuse_odd(arguments: Iterable[str]) -> None:
    """Refuse an argument that is not plain text, or too long, as wrong usage.

    Afterwards arguments are safe to print, store and look up.
    """
    for number, argument in enumerate(arguments, start=1):
        if problem := oddity(argument):
            _refuse(f"argument {number}: {problem}")


def oddity(text: str) -> str | None:
    """Return why this text is refused, or nothing.

    Only the wrong character is quoted: the text may be a token.
    """
    if len(text) > LONGEST_CHARS:
        return f"it has {len(text):,} characters, more than {LONGEST_CHARS:,}"
    for place, char in enumerate(text, start=1):
        if "\ud800" <= char <= "\udfff":
            byte = f"\\x{ord(char) & 0xFF:02x}"
            return f"character {place} is the byte {byte}: is the terminal set to UTF-8?"
        if category(char) == "Cc" and char not in "\t\n":
            return f"character {place} is the control character {char!a}: type it by hand"
    return None


def _refuse(problem: str) -> NoReturn:
    typer.echo(problem, err=True)
    sys.exit(Exit.USAGE)
