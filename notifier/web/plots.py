"""QueryCache → a small plot: bars for the eye, the same figures in words for everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 240, 56
GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: where it stands in the plot, and what it says."""

    x: float
    y: float
    width: float
    height: float
    at_ms: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Bars from the oldest to the newest; ``said`` is the figure above them."""

    id: str
    title: str
    said: int
    unit: str
    most: int
    bars: tuple[Bar, ...]


def plot(
    name: str,
    title: str,
    moments_ms: Sequence[int],
    values: Sequence[int],
    *,
    said: int,
    unit: str,
) -> Plot:
    """Return a plot whose tallest bar fills it; a bar of nothing is not seen."""
    most = max(values, default=0)
    width = WIDTH / max(len(values), 1)
    bars = tuple(
        Bar(
            x=round(place * width, 1),
            y=round(HEIGHT - _height(value, most), 1),
            width=round(width - GAP, 1),
            height=_height(value, most),
            at_ms=at_ms,
            value=value,
        )
        for place, (at_ms, value) in enumerate(zip(moments_ms, values, strict=True))
    )
    return Plot(id=name, title=title, said=said, unit=unit, most=most, bars=bars)


def _height(value: int, most: int) -> float:
    # What is little beside much is still something.
    return round(max(value / most * HEIGHT, 2), 1) if value > 0 else 0.0
