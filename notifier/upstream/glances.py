"""Which single page to read next, where a listing's order would hide changes; pure.

A full walk reads every page in turn; between its pages a glance reads a single one where a
change is likeliest. What a glance at a page is worth is the product of three: the page's
rate of change, the time since it was read, and the time until it would be read otherwise
(the latter at most as long as the former). Always to read the page that is worth most gives
each page reads in proportion to the square root of its rate: the least wait on average.

What is known of the rates belongs to depth, counted from the nearer end of the listing,
and halves in a day; and to single pages, and halves in an hour: who wrote just now may
write again. How much the second foretells is learnt as well. (Rates of single leads were
tried: they foretell conversations and a few favourites better, and nothing else; pages
are simpler, since what is learnt need not follow a lead from page to page.)
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

DAY_MS = 24 * 3_600_000
HOUR_MS = 3_600_000
BAND_RATIO = 1.3
# Somebody who closes 500 leads at once says little of what changes next: a page counts
# for so many at most.
MOST_NEWS = 2
DOUBT = 5.0  # changes: with fewer, a part of the listing is taken to be like the whole
MEMORY = 50  # changes, over which it is learnt how much single pages foretell
LEAST_WEIGHT, MOST_WEIGHT = 0.01, 0.9
FADED = 0.03
FAILED_MS = 60_000
HALF_BELIEVED = 0.5  # changes: with so few, single pages count for half
# At least 40 % of the turns are full walks', so that each page is read within two and a
# half times as long as they would take alone.
WALK_TURNS, TURNS = 2, 5
TURNS_MEASURED, LONGEST_STEP = 16, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What outlives a restart.

    ``bands`` counts the changes in each band of depth, wider the deeper: 0, 1, … from the
    first page on, -1, -2, … from the last. ``weight`` is how much single pages foretell.
    """

    bands: Mapping[int, float] = field(default_factory=dict)
    weight: float = 0.1

    def as_text(self) -> str:
        """Return it as the database keeps it."""
        bands = {str(band): round(count, 2) for band, count in sorted(self.bands.items())}
        return json.dumps({"bands": bands, "weight": round(self.weight, 3)})

    @classmethod
    def of_text(cls, text: str | None) -> Self:
        """Return what was kept; nothing where the text is damaged: it is learnt anew."""
        try:
            kept = json.loads(text or "")
            bands = {int(band): float(count) for band, count in kept["bands"].items()}
            return cls(bands=bands, weight=float(kept["weight"]))
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls()


class Glances:
    """The pages of one listing, and how the spare rate is shared between them.

    ``pages`` is how many hold a record, as far as is known, and ``turn_ms`` the distance
    between two turns. Moments are milliseconds of one clock that never jumps.
    """

    def __init__(self, *, pages: int, now_ms: int, learnt: Learnt | None = None) -> None:
        learnt = learnt or Learnt()
        self._bands = dict(learnt.bands)
        self._weight = learnt.weight
        self._hot: dict[int, float] = {}
        self._faded_ms = self._begun_ms = now_ms
        self.turn_ms = 1_000.0
        self._turn_ms: int | None = None
        self._owed = 0
        self._read_ms: list[int] = []
        self._by_depth: list[float] = []
        self.resize(pages)

    @property
    def pages(self) -> int:
        """How many pages there are to choose from."""
        return len(self._read_ms)

    @property
    def learnt(self) -> Learnt:
        """What to keep."""
        return Learnt(bands=dict(self._bands), weight=self._weight)

    def resize(self, pages: int) -> None:
        """Take in that so many pages hold a record."""
        del self._read_ms[pages:]
        self._read_ms += [self._begun_ms] * (pages - len(self._read_ms))
        self._by_depth = []

    def note(self, page: int, *, now_ms: int) -> None:
        """Note that a page was read: it is as new as if it were read at ``now_ms``."""
        if page <= self.pages:
            self._read_ms[page - 1] = now_ms

    def leave(self, page: int, *, now_ms: int) -> None:
        """Note that a page could not be read: for a minute others are."""
        self.note(page, now_ms=now_ms + FAILED_MS)

    def learn(self, page: int, *, news: int, now_ms: int) -> None:
        """Take in that so many leads of a page had changed since it was last read."""
        if not 0 < page <= self.pages or not news:
            return
        self._fade(now_ms)
        news = min(news, MOST_NEWS)
        for _ in range(news):
            self._weight += (self._foretold(page) - self._weight) / MEMORY
        self._weight = min(max(self._weight, LEAST_WEIGHT), MOST_WEIGHT)
        band = _band(page, self.pages)
        self._bands[band] = self._bands.get(band, 0.0) + news
        self._hot[page] = self._hot.get(page, 0.0) + news
        self._by_depth = []

    def takes_turn(self, *, now_ms: int) -> bool:
        """Count a turn of the spare rate; return whether it is the full walk's."""
        if self._turn_ms is not None:
            distance_ms = min(now_ms - self._turn_ms, LONGEST_STEP * self.turn_ms)
            self.turn_ms += (distance_ms - self.turn_ms) / TURNS_MEASURED
        self._turn_ms = now_ms
        self._owed += WALK_TURNS
        is_walks = self._owed >= TURNS
        self._owed -= TURNS * is_walks
        return is_walks

    def choose(self, *, walk_page: int, head_ms: int, now_ms: int) -> int:
        """Return the page that it is worth most to read now.

        ``walk_page`` is the next of the full walk, and page 1 is read in ``head_ms`` anyway.
        """
        best, chosen, pages = -1.0, 1, self.pages
        walk_page_ms = self.turn_ms * TURNS / WALK_TURNS
        for page, (rate, read_ms) in enumerate(
            zip(self.rates(now_ms=now_ms), self._read_ms, strict=True), start=1
        ):
            until_ms = ((page - walk_page) % pages + 1) * walk_page_ms
            if page == 1:
                until_ms = min(until_ms, head_ms)
            age_ms = max(now_ms - read_ms, 0)
            worth = rate * age_ms * min(age_ms, until_ms)
            if worth > best:
                best, chosen = worth, page
        return chosen

    def rates(self, *, now_ms: int) -> list[float]:
        """Return the pages' shares of all changes to come, the first page's first."""
        depth = self._depth()
        hot = {page: heat for page, heat in self._hot.items() if page <= self.pages}
        heat = sum(hot.values()) * 0.5 ** ((now_ms - self._faded_ms) / HOUR_MS)
        if not heat:
            return depth
        weight = self._weight * heat / (heat + HALF_BELIEVED)
        rates = [(1 - weight) * share for share in depth]
        for page, one in hot.items():
            rates[page - 1] += weight * one / sum(hot.values())
        return rates

    def _foretold(self, page: int) -> float:
        """Return how likely it was for single pages, and not depth, to foretell a change."""
        heat = sum(self._hot.values())
        by_page = self._weight * self._hot.get(page, 0.0) / (heat + HALF_BELIEVED)
        by_depth = (1 - self._weight) * self._depth()[page - 1]
        return by_page / (by_page + by_depth)

    def _fade(self, now_ms: int) -> None:
        past_ms, self._faded_ms = now_ms - self._faded_ms, now_ms
        day, hour = 0.5 ** (past_ms / DAY_MS), 0.5 ** (past_ms / HOUR_MS)
        self._bands = {band: count * day for band, count in self._bands.items()}
        self._hot = {
            page: heat * hour for page, heat in self._hot.items() if heat * hour > FADED
        }

    def _depth(self) -> list[float]:
        """Return the pages' shares of all changes by their depth alone."""
        if not self._by_depth:
            bands = [_band(page, self.pages) for page in range(1, self.pages + 1)]
            widths = Counter(bands)  # in the order of the pages
            counts = [self._bands.get(band, 0.0) for band in widths]
            found = densities(counts, list(widths.values()))
            density = dict(zip(widths, found, strict=True))
            whole = sum(density[band] for band in bands)
            self._by_depth = [density[band] / whole for band in bands]
        return self._by_depth


def densities(counts: Sequence[float], widths: Sequence[int]) -> list[float]:
    """Return what there is of ``counts`` on one page of each band.

    A part that showed little is taken to be like the half of the listing it lies in,
    and that like the whole.
    """
    return _halved(counts, widths, (sum(counts) + 1) / sum(widths))


def _halved(counts: Sequence[float], widths: Sequence[int], around: float) -> list[float]:
    density = (sum(counts) + DOUBT) / (sum(widths) + DOUBT / around)
    if len(counts) == 1:
        return [density]
    half = len(counts) // 2
    return [
        *_halved(counts[:half], widths[:half], density),
        *_halved(counts[half:], widths[half:], density),
    ]


def _band(page: int, pages: int) -> int:
    """Return the band of a page's depth, from the nearer end."""
    from_end = pages - page + 1
    if page <= from_end:
        return int(math.log(page, BAND_RATIO))
    return -1 - int(math.log(from_end, BAND_RATIO))
