"""A report's plots as shapes: a heat map by hour of the week, bars, columns by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from notifier.messages.facts import counted, number
from notifier.reports import words
from notifier.reports.figures import BARS_S, WEEKDAYS
from notifier.reports.model import Measure, Report

CELL, HEAD, SIDE = 20, 16, 36
HEIGHT, WIDTH = 96, 640
GAP = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One hour of the week: ``shade`` from 0.15 (fast) to 1; ``None`` where none replied."""

    x: int
    y: int
    shade: float | None
    said: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One day: how many leads came, and how fast half of them got a reply."""

    x: float
    y: float
    width: float
    height: float
    date: Markup
    leads: int
    said: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One bar: its share of the longest, in percent."""

    label: str
    percent: int
    count: int


def heat(report: Report) -> tuple[Cell, ...]:
    """Return a cell for each hour in which leads came: the darker, the slower the replies."""
    return tuple(
        Cell(
            x=SIDE + one.hour * CELL,
            y=HEAD + one.day * CELL,
            shade=_shade(one.reply),
            said=escape(f"{WEEKDAYS[one.day]} {one.hour:02}:00, {_said(one.leads, one.reply)}"),
        )
        for one in report.hours
    )


def rows_of_bars(report: Report) -> tuple[Row, ...]:
    """Return how many first replies took how long."""
    most = max((bar.count for bar in report.distribution), default=0) or 1
    labels = words.bar_labels(report)
    return tuple(
        Row(label=label, percent=round(bar.count / most * 100), count=bar.count)
        for label, bar in zip(labels, report.distribution, strict=True)
    )


def columns(report: Report) -> tuple[Column, ...]:
    """Return a column a day, as high as the median of its replies."""
    medians = [one.reply.median_s or 0 for one in report.days]
    most, width = max(medians, default=0), WIDTH / max(len(medians), 1)
    return tuple(
        Column(
            x=round(place * width, 1),
            y=round(HEIGHT - _height(median, most), 1),
            width=round(max(width - GAP, 0.5), 1),
            height=_height(median, most),
            date=escape(words.day(date.fromisoformat(one.date))),
            leads=one.leads,
            said=_said(one.leads, one.reply),
        )
        for place, (one, median) in enumerate(zip(report.days, medians, strict=True))
    )


def _said(leads: int, reply: Measure) -> Markup:
    came = counted(leads, "lead")
    if reply.median_s is None:
        return escape(f"{came}, none replied to")
    half = words.long(reply.median_s)
    return escape(f"{came}, {number(reply.count)} replied to, half within {half}")


def _shade(reply: Measure) -> float | None:
    if reply.median_s is None:
        return None
    steps: Sequence[int] = BARS_S
    slower = sum(reply.median_s > limit for limit in steps)
    return round(0.15 + 0.85 * slower / len(steps), 2)


def _height(value: int, most: int) -> float:
    # What is little beside much is still something.
    return round(max(value / most * HEIGHT, 2), 1) if value > 0 else 0.0
