"""Where time and chance come from: chosen once, handed down to every room."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from notifier.core.rows import ms_of

# Linux alone has it; elsewhere the clock may stand still with the host.
BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """The wall clock, a clock that never jumps, and jitter in [0, 1).

    ``boot_ms`` is a clock that never jumps and goes on while the host sleeps.
    """

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000
    boot_ms: Callable[[], int] = lambda: time.clock_gettime_ns(BOOT_CLOCK) // 1_000_000
    jitter: Callable[[], float] = random.random

    def now_ms(self) -> int:
        """Return the wall clock in milliseconds since 1970."""
        return ms_of(self.now())
