"""``notifier``: finds a command's module when it is asked for, and turns errors into exits.

A new command is one line in :data:`MODULES`, one in ``examples.py``, and a function.
"""

import re
import sys
from collections import UserDict
from collections.abc import Iterator, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_group

from notifier import __version__
from notifier.cli.arguments import refuse_odd
from notifier.cli.examples import EXAMPLES
from notifier.cli.exits import exit_code
from notifier.cli.streams import open_missing, watched
from notifier.errors import NotifierError

MODULES = {
    "run": "notifier.cli.run",
    "once": "notifier.cli.once",
    "init": "notifier.cli.init",
    "check": "notifier.cli.check",
    "schema": "notifier.cli.check",
    "doctor": "notifier.cli.doctor",
    "send": "notifier.cli.send",
    "test": "notifier.cli.test",
    "demo": "notifier.cli.demo",
    "simulate": "notifier.cli.simulate",
    "leads": "notifier.cli.listings",
    "events": "notifier.cli.listings",
    "deliveries": "notifier.cli.listings",
    "status": "notifier.cli.status",
    "destinations": "notifier.cli.destinations",
    "agents": "notifier.cli.agents",
    "report": "notifier.cli.report",
    "take": "notifier.cli.acts",
    "release": "notifier.cli.acts",
    "snooze": "notifier.cli.acts",
    "retry": "notifier.cli.retry",
    "explain": "notifier.cli.explain",
    "replay": "notifier.cli.replay",
    "mute": "notifier.cli.mute",
    "unmute": "notifier.cli.mute",
    "forget": "notifier.cli.maintenance",
    "backup": "notifier.cli.maintenance",
    "move": "notifier.cli.move",
    "version": "notifier.cli.version",
}


class Commands(UserDict[str, Any]):
    """The commands by name, each loaded when it is looked up.

    Loading them all costs the better part of a second, which `notifier version`
    and every completion would pay.
    """

    def __getitem__(self, name: str) -> Any:
        """Return the command, from the ``app`` of the module that ``data`` names."""
        command = get_group(import_module(self.data[name]).app).commands[name]
        command.epilog = f"Example: {EXAMPLES[name]}"
        # Lines of a docstring end where the source does, not where a terminal does.
        command.help = re.sub(r"(?<!\n)\n(?!\n)", " ", command.help or "")
        return command


class LazyGroup(TyperGroup):
    """Typer's group over :class:`Commands`."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands(MODULES)


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    # Rich's tracebacks would show local variables, tokens among them.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def notifier(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Tells a sales team of new and changed BotPenguin leads."""
    if version:
        typer.echo(f"notifier {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line in a process of its own."""
    open_missing()
    with watched():
        command_line()


def command_line() -> None:
    """Run the command line; an error of ours is its lines on stderr, never a traceback."""
    refuse_odd(sys.argv[1:])
    if isinstance(sys.stdout, TextIOWrapper):
        # Strangers write in every script, and a terminal may be of one alone.
        sys.stdout.reconfigure(errors="replace")
    try:
        app()
    except NotifierError as error:
        _end([error])
    except BaseExceptionGroup as group:
        # Of the tasks of the service, where several may fail for the same reason.
        _, foreign = group.split(NotifierError)
        if foreign is not None:
            raise
        _end(list(_leaves(group)))


def _end(errors: Sequence[BaseException]) -> NoReturn:
    for line in dict.fromkeys(str(error) for error in errors):
        typer.echo(line, err=True)
    sys.exit(max(exit_code(error) for error in errors if isinstance(error, NotifierError)))


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        yield error
        return
    for inner in error.exceptions:
        yield from _leaves(inner)
