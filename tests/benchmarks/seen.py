"""How long a change waits to be seen where the listing's order hides it; in simulated time.

One request each two thirds of a second, as at 90 a minute, a poll of page 1 each 15 s, and
the rest spent by the program's own scheduler, or on walking round and round. Beside the mean
stands the root law's bound: what is the least on average for whoever knows all rates.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stand import Stand
from table import Floor, Goal, Row

sys.path.insert(0, str(Path(__file__).parents[1]))

from notifier.upstream.glances import Glances
from support.inbox import (
    PAGE,
    Depth,
    Inbox,
    Reader,
    Waits,
    hot,
    mixed,
    uniform,
    waits,
)

SIZES = (1_000, 8_000, 20_000)
ORDERS = {"creation": 0.0, "last message": 0.5}  # share of changes that are messages
WORK: dict[str, Depth] = {"hot": hot, "mixed": mixed, "uniform": uniform}
CHANGES_A_MINUTE, LEADS_A_DAY = 6.0, 200.0
PAGE_S = 60 / 86  # of a full walk that nothing but head polls interrupts


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A listing and what happens in it."""

    leads: int
    order: str
    work: str

    def inbox(self) -> Inbox:
        return Inbox(
            size=self.leads,
            depth=WORK[self.work],
            changes_a_minute=CHANGES_A_MINUTE,
            bumped=ORDERS[self.order],
            a_day=LEADS_A_DAY,
        )

    def __str__(self) -> str:
        return f"{self.leads:,} leads by {self.order}, {self.work} changes"


PROMISED = Case(leads=8_000, order="creation", work="mixed")


def rows(stand: Stand) -> Iterator[Row]:
    """Let inboxes be read for hours; in quick runs the one that goals were set for."""
    if stand.quick:
        yield from _rows(PROMISED, hours=1.0)
        return
    for leads in SIZES:
        for order in ORDERS:
            for work in WORK:
                yield from _rows(Case(leads=leads, order=order, work=work), hours=2.5)
    few, many = (
        _read(Case(leads=leads, order="creation", work="hot"), glances=True, hours=2.5)[0]
        for leads in (2_000, 20_000)
    )
    yield Row.of(
        "20,000 leads by creation, hot changes: mean wait",
        [many.mean_s],
        "s",
        floor=Floor(what="with 2,000 leads", figure=few.mean_s),
        goal=Goal(text="< 1.5 × that", met=many.mean_s < 1.5 * few.mean_s),
    )


def _read(case: Case, *, glances: bool, hours: float) -> tuple[Waits, float]:
    """Return the waits of so many hours, and the root law's bound for them.

    Half as long before, it is learnt where changes are.
    """
    inbox, pages = case.inbox(), -(-case.leads // PAGE)
    reader = Reader(inbox=inbox, glances=Glances(pages=pages, now_ms=0) if glances else None)
    reader.run(hours / 2)
    inbox.waits_ms.clear()
    reader.run(hours)
    return waits(reader), _bound_s(case)


def _bound_s(case: Case) -> float:
    """Return the least mean wait that all requests could bring, all rates being known."""
    inbox, draws = case.inbox(), 100_000
    inbox.pages.update(inbox.depth(inbox.chance, case.leads) // PAGE for _ in range(draws))
    return inbox.least_wait_ms() / 1000


def _rows(case: Case, *, hours: float) -> Iterator[Row]:
    found, bound_s = _read(case, glances=True, hours=hours)
    turns, _ = _read(case, glances=False, hours=hours)
    about = f"of {found.count:,} changes; in turn {turns.mean_s:.3g}"
    yield _row(
        f"{case}: mean wait {about}",
        found.mean_s,
        Floor(what="root law's bound", figure=bound_s),
        most=_most(case, mean=turns.mean_s),
    )
    in_turn = "walking in turn"
    median = 0.3 * turns.median_s if case == PROMISED else None
    yield _row(
        "its median", found.median_s, Floor(what=in_turn, figure=turns.median_s), most=median
    )
    yield _row("nine of ten", found.p90_s, Floor(what=in_turn, figure=turns.p90_s))
    yield _row(
        "the worst",
        found.worst_s,
        Floor(what=in_turn, figure=turns.worst_s),
        most=2.6 * (case.leads / PAGE + 1) * PAGE_S,
    )


def _most(case: Case, *, mean: float) -> float | None:
    """Return what the mean is to be at most, beside that of walking in turn."""
    if case.work == "uniform":
        return 1.3 * mean
    return 0.5 * mean if case == PROMISED else None


def _row(measure: str, seconds: float, floor: Floor, *, most: float | None = None) -> Row:
    goal = None if most is None else Goal(text=f"≤ {most:.3g} s", met=seconds <= most)
    return Row.of(measure, [seconds], "s", floor=floor, goal=goal)
