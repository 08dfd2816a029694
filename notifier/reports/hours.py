"""How long something took in the hours that count."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from notifier.core.rows import moment_of, ms_of
from notifier.rules.windows import Window

Moments = Sequence[int | None]
"""Milliseconds since 1970; ``None`` for what has not come to pass."""


class AllHours:
    """Every hour counts."""

    def lasting(
        self, begins: Sequence[int], columns: Iterable[Moments]
    ) -> list[list[int | None]]:
        """Return for each column how many milliseconds count from each begin to its end.

        None do where it ended before; ``None`` where it has not ended.
        """
        return [_lasting(begins, ends) for ends in columns]

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

    def lasting(
        self, begins: Sequence[int], columns: Iterable[Moments]
    ) -> list[list[int | None]]:
        """Return how many of the milliseconds lie within its hours."""
        until = self._until
        return super().lasting(
            [until(at_ms) for at_ms in begins],
            ([at_ms if at_ms is None else until(at_ms) for at_ms in ends] for ends in columns),
        )

    def _until(self, at_ms: int) -> int:
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


def _lasting(begins: Sequence[int], ends: Moments) -> list[int | None]:
    return [
        None if end is None else end - begin if end > begin else 0
        for begin, end in zip(begins, ends, strict=True)
    ]
