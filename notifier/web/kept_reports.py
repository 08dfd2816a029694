"""Reports that are kept for a while: to make one of 100,000 leads takes a second."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from notifier.clocks import Clocks
from notifier.reports.model import Report
from notifier.rules.model import Ruleset

SHARE = 20
LEAST_MS, MOST_MS = 3_000, 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    rules: Ruleset
    report: Report
    until_ms: int


class KeptReports:
    """Makes each report once for all who look, one at a time.

    The longer one took, the longer it is kept: making them takes a twentieth of the time
    at most, however many pages are open.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._kept: dict[Hashable, _Kept] = {}
        self._lock = asyncio.Lock()

    async def of(
        self, question: Hashable, rules: Ruleset, make: Callable[[], Awaitable[Report]]
    ) -> Report:
        """Return the answer to a question by these rules, made now or a moment ago."""
        found = self._found(question, rules)
        if found is None:
            async with self._lock:
                found = self._found(question, rules)
                found = found or await self._made(question, rules, make)
        return found

    def _found(self, question: Hashable, rules: Ruleset) -> Report | None:
        kept = self._kept.get(question)
        if kept is None or kept.rules is not rules:
            return None
        return kept.report if self._clocks.monotonic_ms() < kept.until_ms else None

    async def _made(
        self, question: Hashable, rules: Ruleset, make: Callable[[], Awaitable[Report]]
    ) -> Report:
        begun_ms = self._clocks.monotonic_ms()
        report = await make()
        done_ms = self._clocks.monotonic_ms()
        keep_ms = min(max(SHARE * (done_ms - begun_ms), LEAST_MS), MOST_MS)
        fresh = {key: one for key, one in self._kept.items() if done_ms < one.until_ms}
        self._kept = fresh | {
            question: _Kept(rules=rules, report=report, until_ms=done_ms + keep_ms)
        }
        return report
