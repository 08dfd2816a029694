"""How long the program and its commands take to start, with 100,000 leads known."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

from installed import command, running
from stand import Stand
from table import Floor, Goal, Row

COMMANDS = {"status": 1, "version": 0}
"""Exit codes by command: `status` says that no `run` has the database."""
BARE = ("pass", "import httpx, sqlite3")


def rows(stand: Stand) -> Iterator[Row]:
    """Start each several times, by turns with their floors."""
    big, samples = stand.big, list[tuple[float, ...]]()
    for _ in range(3 if stand.quick else 9):
        with running(big.folder, big.environment) as program:
            ready_s = program.ready_s
        commands = [
            _seconds(partial(command, big.folder, big.environment, name, code=code))
            for name, code in COMMANDS.items()
        ]
        samples.append((ready_s, *commands, *(_bare_s(code) for code in BARE)))
    ready, status, version, nothing, imports = zip(*samples, strict=True)
    httpx = Floor(what=f"python -c '{BARE[1]}'", figure=median(imports))
    yield _row(f"run → READY, {big.leads:,} leads known", ready, httpx, most_s=1)
    yield _row("notifier status", status, httpx, most_s=0.5)
    bare = Floor(what="python -c pass", figure=median(nothing))
    yield _row("notifier version", version, bare, most_s=0.25)


def _row(measure: str, samples: Sequence[float], floor: Floor, *, most_s: float) -> Row:
    met = median(samples) < most_s
    goal = Goal(text=f"< {most_s:g} s", met=met)
    return Row.of(measure, samples, "s", floor=floor, goal=goal)


def _bare_s(code: str) -> float:
    return _seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
