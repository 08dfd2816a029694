"""Exit codes, after ``sysexits.h``; 2 is Typer's for wrong usage."""

from enum import IntEnum

from notifier.errors import BusyError, ConfigError, NotifierError


class Exit(IntEnum):
    """What a command's end means to a script or to systemd."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    TEMPORARY = 75
    CONFIGURATION = 78


def exit_code(error: NotifierError) -> Exit:
    """Return the exit code for an error that ends the program."""
    match error:
        case ConfigError():
            return Exit.CONFIGURATION
        case BusyError():
            return Exit.TEMPORARY
        case _:
            return Exit.FAILED
