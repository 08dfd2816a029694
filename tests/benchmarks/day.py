"""What the program keeps in memory after a day's work: a full walk and 50,000 events."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from big import Big
from installed import DATABASE, DELIVERED, Running, running, until
from stand import Stand
from table import Floor, Goal, Row

AT_ONCE = 5_000
SWEPT = "SELECT swept_ms > 0 FROM listings"


def rows(stand: Stand) -> Iterator[Row]:
    """Start over the big house, let it work, and look at the process."""
    big, batches = stand.big, 2 if stand.quick else 10
    with closing(sqlite3.connect(big.folder / DATABASE)) as db, db:
        db.execute("UPDATE listings SET swept_ms = 0")  # a full walk is due at the start
    with running(big.folder, big.environment) as program:
        ready_mb = program.memory_mb()
        until(lambda: program.count(SWEPT) == 1)
        for _ in range(batches):
            _deliver(big, program)
        # Two more polls: what the last batch needed is given back by then.
        big.listing.serves(len(big.listing.served()) + 2)
        after_mb, peak_mb = program.memory_mb(), program.peak_mb()
    yield Row.of(
        f"memory after a full walk of {big.leads:,} leads and {batches * AT_ONCE:,} events",
        [after_mb],
        "MB",
        floor=Floor(what="when ready, before any work", figure=ready_mb),
        goal=Goal(text="< 90 MB", met=after_mb < 90),
    )
    yield Row.of("its peak", [peak_mb], "MB")


def _deliver(big: Big, program: Running) -> None:
    delivered = program.count(DELIVERED)
    big.listing.change(AT_ONCE)
    big.receiver.arrivals(AT_ONCE)
    until(lambda: program.count(DELIVERED) == delivered + AT_ONCE)
