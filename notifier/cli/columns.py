"""Tables for people, as wide as their terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifier.messages.escape import one_line


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
    Console().print(table)


def _cell(value: object) -> Text:
    return Text("" if value is None else one_line(str(value)))
