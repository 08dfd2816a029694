"""Everything that speed was promised for, in one table: ``python tests/benchmarks``.

Each figure is the median of several repetitions, beside the least and greatest of
them, and beside a floor measured in the same run: the least that could be done
instead. Takes over ten minutes, with ``--quick`` five.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import baseline
import changes
import day
import latency
import many
import matching
import outbox
import pages
import parsing
import poked
import quiet
import seen
import servers
import starts
from machine import machine
from stand import Stand
from table import Row, as_markdown, as_text

GROUPS: dict[str, Callable[[Stand], Iterable[Row]]] = {
    "changes": changes.rows,
    "outbox": outbox.rows,
    "quiet": quiet.rows,
    "latency": latency.rows,
    "poke": poked.rows,
    "seen": seen.rows,
    "baseline": baseline.rows,
    "start": starts.rows,
    "day": day.rows,
    "pages": pages.rows,
    "sources": many.rows,
    "servers": servers.rows,
    "match": matching.rows,
    "parse": parsing.rows,
}


def main() -> None:
    """Measure what was chosen, and print it."""
    given = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="notifier-benchmark-") as name,
        ExitStack() as stack,
    ):
        stand = Stand(folder=Path(name), quick=given.quick, stack=stack)
        rows = list(_measured(stand, given.only or GROUPS))
        about = machine(stand.folder)
    if given.json:
        found = {"machine": about, "rows": [row.as_json() for row in rows]}
        lines = [json.dumps(found, indent=2, ensure_ascii=False)]
    elif given.markdown:
        lines = [f"Measured on: {about}.", "", *as_markdown(rows)]
    else:
        lines = [about, "", *as_text(rows)]
    sys.stdout.write("\n".join(lines) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/benchmarks", description=__doc__)
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print JSON")
    shape.add_argument(
        "--markdown", action="store_true", help="print a table for docs/costs.md"
    )
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument(
        "--only", nargs="+", choices=GROUPS, metavar="NAME", help=f"of {', '.join(GROUPS)}"
    )
    return parser.parse_args()


def _measured(stand: Stand, names: Iterable[str]) -> Iterator[Row]:
    for name in names:
        sys.stderr.write(f"{name} …\n")
        yield from GROUPS[name](stand)


if __name__ == "__main__":
    main()
