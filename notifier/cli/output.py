"""What commands print beside tables: data alone on stdout, warnings on stderr."""

import csv
import re
import sys
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import typer

from notifier.errors import Fault
from notifier.messages.escape import UNSEEN, fitting, in_a_sheet

NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def print_json(rows: Iterable[Mapping[str, object]]) -> None:
    """Print one JSON object a line."""
    for row in rows:
        print_json_line(msgspec.json.encode(row))


def print_json_line(line: bytes) -> None:
    """Print a finished JSON object.

    What a terminal would obey, nobody sees or the stream cannot carry is written as
    ``\\uXXXX``, which reads as the same text.
    """
    text = UNSEEN.sub(_escaped, line.decode())
    is_carried = fitting(text, getattr(sys.stdout, "encoding", None)) == text
    typer.echo(text if is_carried else NOT_ASCII.sub(_escaped, text))


def print_csv(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Print a heading and a line a row, for spreadsheets; what is missing is empty."""
    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: in_a_sheet(value) for name, value in row.items()})


def print_warnings(warnings: Iterable[Fault]) -> None:
    """Print one line a warning on stderr."""
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 rule``, ``2 rules``; ``many`` where an s does not do."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
