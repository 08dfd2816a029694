"""An installation that knows 100,000 leads, made by a baseline of the program itself."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from installed import BASELINE_DONE, DATABASE, Running, running, settings, until
from listing import Upstream, upstream
from receiver import Receiver, receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the baseline took, from its first answered request to its last commit."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    database_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Big:
    """The installation at rest; its upstream and its receiver run."""

    folder: Path
    leads: int
    listing: Upstream
    receiver: Receiver
    environment: Mapping[str, str]
    baseline: Baseline


@contextmanager
def build(folder: Path, *, leads: int) -> Iterator[Big]:
    """Let the program walk a listing of so many leads."""
    with upstream(leads) as listing, receiver() as taking:
        environment = settings(listing.url, taking.url)
        with running(folder, environment) as program:
            wall_s = _baseline_s(program, listing)
            cpu_s, peak_mb = program.cpu_s(), program.peak_mb()
        yield Big(
            folder=folder,
            leads=leads,
            listing=listing,
            receiver=taking,
            environment=environment,
            baseline=Baseline(
                wall_s=wall_s,
                cpu_s=cpu_s,
                peak_mb=peak_mb,
                database_bytes=(folder / DATABASE).stat().st_size,
            ),
        )


def _baseline_s(program: Running, listing: Upstream) -> float:
    until(lambda: program.count(BASELINE_DONE) == 1)
    return (time.monotonic_ns() - listing.served()[0].at_ns) / 1e9
