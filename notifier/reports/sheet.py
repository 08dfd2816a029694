"""A report as a sheet: a row for all leads, one for the period before, one a group."""

from collections.abc import Iterator, Mapping

from notifier.reports.model import Measures, Report
from notifier.reports.words import MEASURES

FIGURES = ("count", "median_s", "p90_s", "within_goal")
COLUMNS = (
    *("by", "name", "leads", "waiting"),
    *(f"{measure}_{figure}" for measure in MEASURES for figure in FIGURES),
)


def rows(report: Report) -> Iterator[Mapping[str, object]]:
    """Yield the rows; figures are those of the report itself."""
    now, before = report.measures, report.before
    yield _row("all", "", report.leads, report.still_waiting, now)
    yield _row("before", "", before.leads, before.waiting, before.measures)
    for one in report.groups:
        yield _row(report.by.value, one.name, one.leads, one.waiting, one.measures)


def _row(
    by: str, name: str, leads: int, waiting: int, measures: Measures
) -> Mapping[str, object]:
    figures = {
        f"{measure}_{figure}": getattr(getattr(measures, measure), figure)
        for measure in MEASURES
        for figure in FIGURES
    }
    return {"by": by, "name": name, "leads": leads, "waiting": waiting, **figures}
