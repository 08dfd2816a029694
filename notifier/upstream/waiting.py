"""How long a change waits to be seen, from how often each page is read; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

from notifier.upstream.glances import TURNS, WALK_TURNS

EXACT_TO = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Within how many milliseconds one in two changes is seen, and nine of ten."""

    median_ms: int
    p90_ms: int


def wait_of_polls(head_ms: int) -> Wait:
    """Return how long a change waits where each head poll sees it."""
    return Wait(median_ms=head_ms, p90_ms=head_ms)


def wait_of_pages(rates: Sequence[float], *, turn_ms: float, head_ms: int) -> Wait:
    """Return how long a change waits where full walks and glances look for it.

    ``rates`` are the pages' shares of all changes, and ``turn_ms`` is the distance
    between two requests of the spare rate; head polls read page 1 each ``head_ms``.
    """
    periods_ms = _periods_ms(rates, turn_ms=turn_ms)
    periods_ms[0] = min(periods_ms[0], head_ms)
    return Wait(
        median_ms=_within_ms(0.5, rates, periods_ms),
        p90_ms=_within_ms(0.9, rates, periods_ms),
    )


def _periods_ms(rates: Sequence[float], *, turn_ms: float) -> list[float]:
    """Return how far apart each page's visits are: by the root law, within a full walk's."""
    walk_ms = len(rates) * turn_ms * TURNS / WALK_TURNS
    roots = [sqrt(rate) for rate in rates]

    def periods(scale_ms: float) -> list[float]:
        return [min(scale_ms / root, walk_ms) if root else walk_ms for root in roots]

    def too_many(scale_ms: float) -> bool:
        return sum(1 / each_ms for each_ms in periods(scale_ms)) * turn_ms > 1

    return periods(_least(lambda scale_ms: not too_many(scale_ms), most=walk_ms))


def _within_ms(share: float, rates: Sequence[float], periods_ms: Sequence[float]) -> int:
    """Return within how long this share of all changes is seen.

    A change comes at any moment between two visits alike.
    """

    def is_seen(wait_ms: float) -> bool:
        seen = (
            rate * min(1.0, wait_ms / each_ms)
            for rate, each_ms in zip(rates, periods_ms, strict=True)
        )
        return sum(seen) >= share * sum(rates)

    return round(_least(is_seen, most=max(periods_ms)))


def _least(holds: Callable[[float], bool], *, most: float) -> float:
    """Return about the least value for which ``holds`` holds, as it does for ``most``."""
    low, high = 0.0, most
    while high - low > EXACT_TO * high:
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
