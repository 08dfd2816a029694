"""What commands print: tables for people, JSON lines for programs, data alone on stdout."""

from collections.abc import Iterable, Mapping, Sequence

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifier.errors import Fault
from notifier.messages.escape import one_line


def print_json(rows: Iterable[Mapping[str, object]]) -> None:
    """Print one JSON object a line."""
    for row in rows:
        typer.echo(orjson.dumps(row).decode())


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


def print_warnings(warnings: Iterable[Fault]) -> None:
    """Print one line a warning on stderr."""
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 rule``, ``2 rules``; ``many`` where an s does not do."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _cell(value: object) -> Text:
    return Text("" if value is None else one_line(str(value)))
