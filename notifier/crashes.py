"""Faults of the program itself: whoever meets one tells of it, waits, and tries again.

One delivery's, one lead's or one source's trouble must not end the service. Such a
fault is caught where the work is handed out: in a lane, in a source's poller, in
:func:`keep_doing` for what goes on beside them, and within a transaction in
:mod:`notifier.store.savepoints`. A database that cannot be used is told of and waited for
likewise.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from notifier.errors import BusyError, NotifierError, StoreError

LONGEST_PAUSE_S = 60.0
LONGEST_OUTAGE_PAUSE_S = 15.0

log = structlog.get_logger()


@dataclass(slots=True)
class _Failures:
    """What one runner has met in a row."""

    count: int = 0
    _told: set[str] = field(default_factory=set)

    def end(self) -> None:
        """Note that it works."""
        self.count = 0
        self._told.clear()

    def _is_news(self, what: str) -> bool:
        is_told = what in self._told
        self._told.add(what)
        return not is_told

    def _doubled_s(self, *, longest_s: float) -> float:
        """Return 1, 2, 4 seconds and so on, one for each try that failed."""
        # Beyond 2**6 the cap holds anyway.
        return min(longest_s, float(1 << min(max(self.count - 1, 0), 6)))


@dataclass(slots=True)
class Crashes(_Failures):
    """The faults that one runner has met in a row."""

    @property
    def pause_s(self) -> float:
        """How long to wait before the next try."""
        return self._doubled_s(longest_s=LONGEST_PAUSE_S) if self.count else 0.0

    def add(self) -> None:
        """Note that another try has failed."""
        self.count += 1

    def details(self, error: Exception) -> Mapping[str, object]:
        """Return what a log line says of a fault: its traceback, the first time it is met."""
        if isinstance(error, NotifierError):
            return {"error": str(error)}
        name = type(error).__name__
        return {"exc_info": error} if self._is_news(name) else {"error": name}


@dataclass(slots=True)
class Outage(_Failures):
    """A database that one runner cannot use: a full disk fails for hours, try after try."""

    def pause_s(self, *, soon: bool = False) -> float:
        """Return how long to wait before the next try; ``soon`` where the program ends."""
        return self._doubled_s(longest_s=1.0 if soon else LONGEST_OUTAGE_PAUSE_S)

    def met(self, error: StoreError | BusyError) -> bool:
        """Note that another try has failed; return whether that is news."""
        self.count += 1
        return self._is_news(str(error))


async def keep_doing(
    duty: Callable[[], Awaitable[object]],
    *,
    name: str,
    every_s: float,
    is_costly: bool = False,
) -> NoReturn:
    """Do a duty again and again until cancelled; what it raises ends that time alone.

    A database that cannot be used is told of once for as long as it is so, and no reason to
    try less often, unless what the duty does before it writes ``is_costly``.
    """
    crashes, outage = Crashes(), Outage()
    while True:
        try:
            await duty()
            crashes.end()
            outage.end()
        except (StoreError, BusyError) as error:
            if outage.met(error):
                log.warning("duty_postponed", duty=name, error=str(error))
        except Exception as error:  # noqa: BLE001
            # Broad: what goes on beside the work must neither end it nor stop for good.
            crashes.add()
            log.error("duty_crashed", duty=name, **crashes.details(error))
        outage_s = outage.pause_s() if is_costly and outage.count else 0.0
        await asyncio.sleep(max(every_s, crashes.pause_s, outage_s))
