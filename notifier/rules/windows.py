"""Named times of the week: is one open, when does it open, how long was it open.

Hours are wall-clock times in the window's zone, a span such as 22:00-06:00
belongs to the day it begins on, and all answers are aware UTC datetimes. Where
clocks jump forward, a time in the gap stands for the moment just as far behind
the jump; where they fall back, a span begins with the first and ends with the
second of two equal times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time

DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one minute of a day (0 to 1439) to a later one; beyond 1440 is the next day."""

    begins: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some hours (``spans``) of some ``days`` (0 is Monday) of every week."""

    name: str
    days: frozenset[int]
    spans: tuple[Span, ...]
    timezone: tzinfo

    def is_open(self, at: datetime) -> bool:
        """Say whether the window is open at this moment."""
        return self.next_open(at) == at.astimezone(UTC)

    def next_open(self, at: datetime) -> datetime:
        """Return ``at`` where the window is open then, else when it opens next."""
        begins, _ = next(self._open_from(at))
        return begins

    def next_morning(self, at: datetime) -> datetime:
        """Return when the window first opens on a later day than the one of ``at``."""
        day = at.astimezone(self.timezone).date() + timedelta(days=1)
        while day.weekday() not in self.days:
            day += timedelta(days=1)
        return min(_first(day, span.begins, self.timezone) for span in self.spans)

    def openings(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the times between ``start`` and ``end`` in which the window is open."""
        # Two times of one zone would compare by the clock on the wall.
        until = end.astimezone(UTC)
        for begins, ends in self._open_from(start):
            if begins >= until:
                return
            yield begins, min(ends, until)

    def open_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Return how long the window was open from ``start`` to ``end``."""
        lengths = (ends - begins for begins, ends in self.openings(start, end))
        return sum(lengths, timedelta())

    def due(self, start: datetime, duration: timedelta) -> datetime:
        """Return the moment at which the window has been open that long since ``start``."""
        left = duration
        for begins, ends in self._open_from(start):
            if left <= ends - begins:
                return begins + left
            left -= ends - begins
        raise AssertionError("a window opens every week")

    def weekly(self) -> timedelta:
        """Return how long the window is open in an ordinary week."""
        monday = datetime(2024, 1, 1, tzinfo=UTC)
        usual = Window(name="", days=self.days, spans=self.spans, timezone=UTC)
        return usual.open_time_between(monday, monday + timedelta(days=7))

    def _open_from(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield what is left of each opening from ``at`` on: disjoint, in order, endless."""
        after = at.astimezone(UTC)
        # An overnight span of yesterday may still be open; one day more is for
        # zones whose date is not yet the one of UTC.
        day = after.astimezone(self.timezone).date() - timedelta(days=2)
        while True:
            if day.weekday() in self.days:
                for span in self.spans:
                    begins = max(_first(day, span.begins, self.timezone), after)
                    ends = _last(day, span.ends, self.timezone)
                    if begins < ends:
                        yield begins, ends
                        after = ends
            day += timedelta(days=1)


def _first(day: date, minute: int, zone: tzinfo) -> datetime:
    return _wall(day, minute, zone, fold=0)


def _last(day: date, minute: int, zone: tzinfo) -> datetime:
    return max(_wall(day, minute, zone, fold=fold) for fold in (0, 1))


def _wall(day: date, minute: int, zone: tzinfo, *, fold: int) -> datetime:
    days, minute = divmod(minute, DAY_MINUTES)
    wall = clock_time(minute // 60, minute % 60, fold=fold)
    return datetime.combine(day + timedelta(days=days), wall, tzinfo=zone).astimezone(UTC)
