"""The first walk over 100,000 leads, and what is kept of each."""

from collections.abc import Iterator
from statistics import fmean

import orjson
from floors import fill
from listing import PAGE, lead
from stand import Stand
from table import Floor, Goal, Row

FILLED = "GET, JSON and one commit a page"


def rows(stand: Stand) -> Iterator[Row]:
    """Tell what the one baseline took that the other groups start from."""
    baseline, leads = stand.big.baseline, stand.big.leads
    pages = leads // PAGE
    floor = fill(stand.big.listing.url, stand.place("baseline"), pages // 10)
    yield Row.of(
        f"baseline of {leads:,} leads, without a rate limit",
        [baseline.wall_s],
        "s",
        floor=Floor(what=f"{FILLED}, measured on a tenth", figure=floor.wall_s * 10),
    )
    yield Row.of(
        f"its CPU a page of {PAGE} leads",
        [baseline.cpu_s * 1000 / pages],
        "ms",
        floor=Floor(what=FILLED, figure=floor.cpu_s * 1000 / (pages // 10)),
    )
    yield Row.of(
        "its peak memory",
        [baseline.peak_mb],
        "MB",
        goal=Goal(text="< 120 MB", met=baseline.peak_mb < 120),
    )
    yield Row.of(
        "database size a lead known",
        [baseline.database_bytes / leads],
        "bytes",
        floor=Floor(what="the lead's row, as JSON", figure=_row_bytes()),
    )


def _row_bytes() -> float:
    """Return how long a row of the listing is, on average."""
    samples = (lead(number, status="OPEN", updated_ms=0) for number in range(1_000))
    return fmean(len(orjson.dumps(one)) for one in samples)
