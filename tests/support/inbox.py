"""An inbox that changes while it is read: who waits how long, in simulated time."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from math import sqrt
from typing import TypeAlias

from notifier.upstream.glances import Glances

PAGE = 20
REQUEST_MS = 60_000 / 90
HEAD_MS = 15_000
YOUNG_LEADS = 300  # the mean depth of a change of young leads

Depth: TypeAlias = Callable[[random.Random, int], int]
"""Returns how deep a change is, in leads, given how many leads there are."""


def hot(chance: random.Random, leads: int) -> int:
    """Only young leads change."""
    return min(int(chance.expovariate(1 / YOUNG_LEADS)), leads - 1)


def mixed(chance: random.Random, leads: int) -> int:
    """97 of a hundred changes are young leads', the rest anybody's."""
    return hot(chance, leads) if chance.random() < 0.97 else chance.randrange(leads)


def uniform(chance: random.Random, leads: int) -> int:
    """All leads change alike."""
    return chance.randrange(leads)


@dataclass(slots=True, kw_only=True)
class Inbox:
    """``leads`` in their order; ``waits_ms`` are those of the changes that were seen.

    ``bumped`` is the share of changes that bring a lead to the first place, as a message
    does where the listing is sorted by the last one. ``a_day`` is how many leads arrive.
    """

    size: int
    depth: Depth
    changes_a_minute: float
    bumped: float = 0.0
    a_day: float = 0.0
    seed: int = 1
    waits_ms: list[float] = field(default_factory=list)
    pages: Counter[int] = field(default_factory=Counter)
    waiting: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    leads: list[int] = field(init=False)
    chance: random.Random = field(init=False)
    _next_ms: float = 0.0
    _arrives_ms: float = 0.0

    def __post_init__(self) -> None:
        self.leads = list(range(self.size))
        self.chance = random.Random(self.seed)

    def pass_until(self, now_ms: float) -> None:
        """Let happen what happens until then."""
        while self._next_ms <= now_ms:
            self.change(self.depth(self.chance, len(self.leads)), self._next_ms)
            self._next_ms += self.chance.expovariate(self.changes_a_minute / 60_000)
        while self.a_day and self._arrives_ms <= now_ms:
            self.leads.insert(0, self.size)
            self.size += 1
            self._arrives_ms += self.chance.expovariate(self.a_day / 86_400_000)

    def rest(self, hours: float) -> None:
        """Let nothing happen for so long."""
        self._next_ms += hours * 3_600_000

    def change(self, depth: int, at_ms: float) -> None:
        """Let the lead at this depth change."""
        self.pages[depth // PAGE] += 1
        lead = self.leads[depth]
        self.waiting[lead].append(at_ms)
        if self.bumped and self.chance.random() < self.bumped:
            self.leads.insert(0, self.leads.pop(depth))

    def read(self, page: int, now_ms: float) -> tuple[int, bool]:
        """Return how many leads of the page had changed, and whether it is empty."""
        found = 0
        leads = self.leads[(page - 1) * PAGE : page * PAGE]
        for lead in leads:
            if times := self.waiting.pop(lead, None):
                found += 1
                self.waits_ms += [now_ms - at_ms for at_ms in times]
        return found, not leads

    def least_wait_ms(self) -> float:
        """Return the root law's bound: the least mean wait, the rates being known.

        Pages are read in proportion to the square root of their rates.
        """
        rates = self.pages.values()
        return sum(map(sqrt, rates)) ** 2 / (2 * sum(rates)) * REQUEST_MS


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads an inbox as a poller does, a request each ``REQUEST_MS``."""

    inbox: Inbox
    glances: Glances | None
    now_ms: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    _walk_page: int = 1
    _head_page: int = 0
    _head_ms: float = 0.0

    def run(self, hours: float) -> None:
        """Read for so long."""
        until_ms = self.now_ms + hours * 3_600_000
        while self.now_ms < until_ms:
            self.now_ms += REQUEST_MS
            self.inbox.pass_until(self.now_ms)
            self._request()

    def _request(self) -> None:
        if not self._head_page and self.now_ms >= self._head_ms:
            self._head_ms += HEAD_MS
            self._head_page = 1
        if self._head_page:
            found, is_empty = self._read(self._head_page, "head")
            self._head_page = self._head_page + 1 if found and not is_empty else 0
        elif self.glances is None or self.glances.takes_turn(now_ms=int(self.now_ms)):
            _, is_empty = self._read(self._walk_page, "walk")
            if self.glances and self._walk_page > self.glances.pages and not is_empty:
                self.glances.resize(self._walk_page)
            self._walk_page = 1 if is_empty else self._walk_page + 1
        else:
            head_ms = int(self._head_ms - self.now_ms)
            page = self.glances.choose(
                walk_page=self._walk_page, head_ms=head_ms, now_ms=int(self.now_ms)
            )
            self._read(page, "glance")

    def _read(self, page: int, what: str) -> tuple[int, bool]:
        self.requests[what] += 1
        found, is_empty = self.inbox.read(page, self.now_ms)
        if self.glances and not is_empty:
            self.glances.note(page, now_ms=int(self.now_ms))
            self.glances.learn(page, news=found, now_ms=int(self.now_ms))
        return found, is_empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long changes waited, in seconds; ``rounds`` is the longest in whole walks' time."""

    count: int
    mean_s: float
    median_s: float
    p90_s: float
    worst_s: float


def waits(reader: Reader) -> Waits:
    """Return what came of it, those included that wait still."""
    inbox = reader.inbox
    left = [reader.now_ms - at_ms for times in inbox.waiting.values() for at_ms in times]
    seen = sorted(inbox.waits_ms)
    return Waits(
        count=len(seen),
        mean_s=sum(seen) / len(seen) / 1000,
        median_s=seen[len(seen) // 2] / 1000,
        p90_s=seen[len(seen) * 9 // 10] / 1000,
        worst_s=max(seen + left) / 1000,
    )
