"""Tables for people, as wide as their terminal; in a pipe as wide as their words."""

import os
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifier.messages.escape import one_line

UNBOUNDED = 100_000


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, unbroken: int = 1
) -> None:
    """Print rows under their columns; ``None`` shows as nothing, strangers' words as text.

    The first ``unbroken`` columns keep their words on one line, for copying.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number < unbroken)
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(width=_width()).print(table)


def _width() -> int | None:
    """Return how wide a table may be; ``None`` leaves it to the terminal, or ``COLUMNS``."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else UNBOUNDED


def _cell(value: object) -> Text:
    return Text("" if value is None else one_line(str(value)))
