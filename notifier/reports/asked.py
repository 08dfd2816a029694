"""What a report is about: its period, the one before, and how it counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from functools import cached_property

from notifier.core.rows import moment_of, ms_of
from notifier.reports.hours import AllHours, OpenHours
from notifier.rules.reports import By
from notifier.rules.windows import Window

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which leads a report is about, and how it counts.

    Those created within ``since`` before ``until_ms``; what was observed counts until
    ``now_ms``. Names are by agent id and by bot id.
    """

    since: timedelta
    until_ms: int
    now_ms: int
    goal_ms: int
    by: By = By.AGENT
    clock: Window | None = None
    zone: tzinfo
    name: str | None = None
    agents: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def from_ms(self) -> int:
        """When the period begins."""
        return earlier_ms(self.until_ms, self.since, self.zone)

    @cached_property
    def before_ms(self) -> int:
        """When the period before begins, which is as long."""
        return earlier_ms(self.from_ms, self.since, self.zone)

    def hours(self) -> AllHours:
        """Return the hours that count."""
        if self.clock is None:
            return AllHours()
        return OpenHours(self.clock, from_ms=self.before_ms, until_ms=self.now_ms)


def earlier_ms(at_ms: int, length: timedelta, zone: tzinfo) -> int:
    """Return the moment so long before; whole days end at the same hour on the zone's walls.

    A week from Monday nine o'clock to Monday nine o'clock has an hour more or less where the
    clocks change.
    """
    if length % DAY:
        return ms_of(moment_of(at_ms) - length)
    # Of moments in one zone Python subtracts what their clocks show.
    return ms_of((moment_of(at_ms).astimezone(zone) - length).astimezone(UTC))
