"""What matching costs an event, by the number of rules, most of them for other leads."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from statistics import median

from stand import Stand
from table import Floor, Row

from notifier.core.event_types import EventType
from notifier.destinations.console import ConsoleOptions
from notifier.messages.samples import sample_event
from notifier.rules.matching import match
from notifier.rules.model import Ruleset
from notifier.rulesfile.load import load_rules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KINDS = (
    "when: lead.created, if: {country: Country}",
    "when: lead.status_changed, if: {to: CLOSED, country: Country}",
    "when: lead.message, if: {last_message.by: user}",
    "when: [lead.assigned, lead.reassigned], if: {tags: {any_of: [hot, vip]}}",
    "when: lead.updated, if: {email: {exists: true}, city: {not: Pune}}",
)


def rows(stand: Stand) -> Iterator[Row]:
    """Match a status change against rules of many kinds."""
    event = sample_event(EventType.LEAD_STATUS_CHANGED)
    repetitions, events = (3, 200) if stand.quick else (7, 1_000)
    for count in (10, 100, 1_000):
        names = [f"country {number}" for number in range(count)]
        work = partial(match, _ruleset(count), event, at=NOON)
        samples, floors = list[float](), list[float]()
        for _ in range(repetitions):
            samples.append(_microseconds(work, events))
            floors.append(_microseconds(partial(names.count, "india"), events))
        yield Row.of(
            f"matching an event, {count:,} rules",
            samples,
            "µs",
            floor=Floor(what="as many comparisons of two texts", figure=median(floors)),
        )


def _ruleset(count: int) -> Ruleset:
    """Return so many rules of all kinds, each with a country of its own."""
    rules = "\n".join(
        f"  - {{name: Rule {n}, {KINDS[n % len(KINDS)]}, send: screen}}".replace(
            "Country", f"Country {n}"
        )
        for n in range(count)
    )
    text = f"destinations:\n  screen: {{type: console}}\nrules:\n{rules}\n"
    kinds = {"console": ConsoleOptions}
    return load_rules([("rules.yaml", text)], lookup=lambda _: None, kinds=kinds)


def _microseconds(work: Callable[[], object], times: int) -> float:
    """Return the CPU time of one call."""
    begun_ns = time.process_time_ns()
    for _ in range(times):
        work()
    return (time.process_time_ns() - begun_ns) / 1000 / times
