"""What was wrong with a life, and when nothing kept the program from its work."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from simulation.life import Life
from simulation.receivers import Arrival
from simulation.rules import EPOCH
from simulation.story import HOUR_S, MINUTE_S

SETTLING_S = 10 * MINUTE_S
"""What the program needs to be itself again: a failing source is asked after 5 minutes."""
PAGES = 12
"""What a head poll may have to read after an import."""


def need_s(life: Life) -> float:
    """Return in which time a quiet program has surely seen what there is, and told it."""
    return 2 * life.story.poll_s + SETTLING_S + PAGES * MINUTE_S / life.story.limit


@dataclass(slots=True)
class Verdict:
    """What was wrong with a life, and how much of it was looked at."""

    faults: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    def expect(self, what: str, holds: bool, told: str) -> None:
        """Count a check; note the fault where it does not hold."""
        self.checked[what] += 1
        if not holds:
            self.faults.append(f"{what}: {told}")


def first_of(arrivals: Iterable[Arrival]) -> dict[str, Arrival]:
    """Return the first arrival of each id."""
    first: dict[str, Arrival] = {}
    for arrival in arrivals:
        first.setdefault(arrival.id, arrival)
    return first


def quiet(life: Life, host: str = "upstream") -> Iterator[tuple[float, float]]:
    """Yield the times in which a process lived and nothing kept it from asking this host."""
    bad = [(0.0, HOUR_S)]
    for entry in life.story.entries:
        is_of_host = entry.what in ("trouble", "odd answers") and entry.text.startswith(host)
        if is_of_host or entry.what in ("disk full", "clock", "others use the token"):
            bad.append((entry.at_s, entry.at_s + entry.lasts_s + SETTLING_S))
    for begin_s, end_s in life.lives:
        at_s = begin_s
        for bad_s, good_s in sorted(bad):
            if bad_s < end_s and good_s > at_s:
                if bad_s > at_s:
                    yield at_s, bad_s
                at_s = max(at_s, good_s)
        if end_s > at_s:
            yield at_s, end_s


def is_quiet(calm: Iterable[tuple[float, float]], from_s: float, until_s: float) -> bool:
    """Whether all that time lies within one of the calm times."""
    return any(begin_s < from_s and until_s < end_s for begin_s, end_s in calm)


def wall_s(written: str) -> float:
    """Return a moment that the program has written, in seconds since the beginning."""
    return (datetime.fromisoformat(written) - EPOCH).total_seconds()


def clock_was_wrong(life: Life, from_s: float, until_s: float) -> bool:
    """Whether the host's clock was wrong at a moment that may lie between these."""
    return any(
        entry.what == "clock"
        and entry.at_s - abs(entry.number) < until_s
        and from_s < entry.at_s + entry.lasts_s + abs(entry.number)
        for entry in life.story.entries
    )


def was_full(life: Life, from_s: float, until_s: float) -> bool:
    """Whether somebody could not write at a moment between these."""
    return any(
        entry.what in ("disk full", "cut off")
        and entry.at_s <= until_s
        and from_s <= entry.at_s + entry.lasts_s
        for entry in life.story.entries
    )
