"""The clock that all members have: that of the database's server."""

from datetime import datetime, timedelta

from notifier.clocks import Clocks

TOLERATED_MS = 200
"""Less is how long an answer takes; followed, it would make the clock tremble."""


class DatabaseClock:
    """This host's wall clock, as far ahead or behind as the server's is.

    Due times are written by one member and read by another, whose host may be an hour off.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._ahead_ms = 0

    def heard(self, now_ms: int) -> None:
        """Note what the server's clock says now."""
        ahead_ms = now_ms - self._clocks.now_ms()
        if abs(ahead_ms - self._ahead_ms) > TOLERATED_MS:
            self._ahead_ms = ahead_ms

    def now(self) -> datetime:
        """Return the present by the server's clock."""
        return self._clocks.now() + timedelta(milliseconds=self._ahead_ms)
