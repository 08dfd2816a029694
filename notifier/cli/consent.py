"""Asks a person before something that cannot be undone; scripts are not asked."""

import sys
from typing import Annotated, TypeAlias

import typer

from notifier.cli.exits import Exit

Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", "-y", help="Do not ask; without a terminal nothing is asked.")
]


def is_asked(*, yes: bool) -> bool:
    """Return whether a person is there who has not agreed yet."""
    return not yes and sys.stdin.isatty()


def agree(question: str) -> None:
    """Ask; anything but a yes ends the command with nothing changed."""
    if not typer.confirm(question, err=True):
        typer.echo("nothing was changed", err=True)
        raise typer.Exit(Exit.FAILED)
