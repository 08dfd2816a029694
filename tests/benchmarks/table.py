"""A benchmark's figures, and how they are printed."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Self

HEADINGS = ("measure", "result", "spread", "floor", "ratio", "goal", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The least that could be done instead, measured in the same run, in the row's unit."""

    what: str
    figure: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What the figure should be, and whether it is."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measure: its figure, and the least and greatest of the repetitions."""

    measure: str
    unit: str
    figure: float
    least: float
    greatest: float
    floor: Floor | None = None
    goal: Goal | None = None

    @classmethod
    def of(
        cls,
        measure: str,
        samples: Sequence[float],
        unit: str,
        *,
        figure: float | None = None,
        floor: Floor | None = None,
        goal: Goal | None = None,
    ) -> Self:
        """Return the row of these samples; the figure is their median unless given."""
        return cls(
            measure=measure,
            unit=unit,
            figure=statistics.median(samples) if figure is None else figure,
            least=min(samples),
            greatest=max(samples),
            floor=floor,
            goal=goal,
        )

    @property
    def ratio(self) -> float | None:
        """Return how many times the floor it is."""
        return self.figure / self.floor.figure if self.floor and self.floor.figure else None

    def cells(self) -> tuple[str, ...]:
        """Return what stands in the row, under :data:`HEADINGS`."""
        spread = f"{short(self.least)}…{short(self.greatest)}"
        return (
            self.measure,
            f"{short(self.figure)} {self.unit}".strip(),
            spread if self.least != self.greatest else "",
            f"{short(self.floor.figure)}: {self.floor.what}" if self.floor else "",
            "" if self.ratio is None else f"{self.ratio:.2f}",
            self.goal.text if self.goal else "",
            ("yes" if self.goal.met else "NO") if self.goal else "",
        )

    def as_json(self) -> dict[str, object]:
        """Return every field by its name, and the ratio."""
        return {**asdict(self), "ratio": self.ratio}


def p95(samples: Sequence[float]) -> float:
    """Return what 95 of a hundred samples do not exceed."""
    return sorted(samples)[-(-len(samples) * 95 // 100) - 1]


def short(figure: float) -> str:
    """Return a figure with three digits that count."""
    if figure == int(figure) or abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def as_text(rows: Iterable[Row]) -> Iterator[str]:
    """Yield lines with aligned columns."""
    table = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for cells in table:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        yield "  ".join(padded).rstrip()


def as_markdown(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield _line(HEADINGS)
    yield _line(["---"] * len(HEADINGS))
    yield from (_line(row.cells()) for row in rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
