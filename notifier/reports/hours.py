"""How long something took in the hours that count."""

from bisect import bisect_right
from itertools import accumulate

from notifier.core.rows import moment_of, ms_of
from notifier.rules.windows import Window


class AllHours:
    """Every hour counts."""

    def until(self, at_ms: int) -> int:
        """Return the milliseconds that count from some fixed moment on until this one."""
        return at_ms

    def is_open(self, at_ms: int) -> bool:
        """Say whether this moment counts."""
        del at_ms
        return True


class OpenHours(AllHours):
    """Those of a clock, between two moments; what is asked must lie between them."""

    def __init__(self, clock: Window, *, from_ms: int, until_ms: int) -> None:
        openings = clock.openings(moment_of(from_ms), moment_of(until_ms))
        self._spans = [(ms_of(begins), ms_of(ends)) for begins, ends in openings]
        self._begins = [begin for begin, _ in self._spans]
        # How long it had been open before each span.
        self._before = [0, *accumulate(end - begin for begin, end in self._spans)]

    def until(self, at_ms: int) -> int:
        """Return the milliseconds that count from some fixed moment on until this one."""
        number = bisect_right(self._begins, at_ms)
        if not number:
            return 0
        begin, end = self._spans[number - 1]
        return self._before[number - 1] + min(at_ms, end) - begin

    def is_open(self, at_ms: int) -> bool:
        """Say whether this moment counts."""
        number = bisect_right(self._begins, at_ms)
        return number > 0 and at_ms < self._spans[number - 1][1]
