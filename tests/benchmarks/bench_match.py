"""What matching costs an event, by the number of rules.

::

    python tests/benchmarks/bench_match.py

Rules of many kinds, most of them for other events or other leads, are matched
against a status change; the floor is the same number of comparisons of two
texts. Each figure is the median of several repetitions, with its spread.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from rich.console import Console

from notifier.destinations.console import ConsoleOptions
from notifier.events import EventType
from notifier.messages.samples import sample_event
from notifier.rules.destinations import DestinationOptions
from notifier.rules.load import load_rules
from notifier.rules.matching import match
from notifier.rules.model import Ruleset

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
REPETITIONS = 7
EVENTS = 2_000
KINDS = (
    "when: lead.created, if: {country: Country}",
    "when: lead.status_changed, if: {to: CLOSED, country: Country}",
    "when: lead.message, if: {last_message.by: user}",
    "when: [lead.assigned, lead.reassigned], if: {tags: {any_of: [hot, vip]}}",
    "when: lead.updated, if: {email: {exists: true}, city: {not: Pune}}",
)


def ruleset(count: int) -> Ruleset:
    """Return so many rules of all kinds, each with a country of its own."""
    rules = "\n".join(
        f"  - {{name: Rule {n}, {KINDS[n % len(KINDS)]}, send: screen}}".replace(
            "Country", f"Country {n}"
        )
        for n in range(count)
    )
    text = f"destinations:\n  screen: {{type: console}}\nrules:\n{rules}\n"
    return load_rules([("bench.yaml", text)], lookup=lambda _: None, kinds=_kinds())


def _kinds() -> dict[str, type[DestinationOptions]]:
    return {"console": ConsoleOptions}


def microseconds(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return least, median and greatest µs a call, over the repetitions."""
    figures = []
    for _ in range(REPETITIONS):
        begun = time.perf_counter()
        for _ in range(EVENTS):
            work()
        figures.append((time.perf_counter() - begun) / EVENTS * 1e6)
    return min(figures), statistics.median(figures), max(figures)


def main() -> None:
    """Print a row per number of rules."""
    event = sample_event(EventType.LEAD_STATUS_CHANGED)
    out = Console(highlight=False).print
    out(f"{'rules':>6} {'µs an event':>12} {'least … greatest':>18} {'floor':>7}")
    for count in (10, 100, 1_000):
        least, median, greatest = microseconds(partial(match, ruleset(count), event, at=NOON))
        names = [f"country {n}" for n in range(count)]
        _, floor, _ = microseconds(partial(names.count, "india"))
        spread = f"{least:.1f} … {greatest:.1f}"
        out(f"{count:>6} {median:>12.1f} {spread:>18} {floor:>7.1f}")


if __name__ == "__main__":
    main()
