"""What commands print beside tables: data alone on stdout, warnings on stderr."""

from collections.abc import Iterable, Mapping

import orjson
import typer

from notifier.errors import Fault


def print_json(rows: Iterable[Mapping[str, object]]) -> None:
    """Print one JSON object a line."""
    for row in rows:
        typer.echo(orjson.dumps(row).decode())


def print_warnings(warnings: Iterable[Fault]) -> None:
    """Print one line a warning on stderr."""
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 rule``, ``2 rules``; ``many`` where an s does not do."""
    return f"{number} {one if number == 1 else many or one + 's'}"
