"""Reports that are kept for a while, and made while nobody waits where they take long."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import TypeAlias

from notifier.clocks import Clocks
from notifier.reports.model import Report
from notifier.rules.model import Ruleset

Make: TypeAlias = Callable[[], Awaitable[Report]]

SHARE = 20
LEAST_MS, MOST_MS = 3_000, 60_000
OLD_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    report: Report
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question, who makes its answer, and what the answer was before."""

    rules: Ruleset
    making: asyncio.Task[_Made]
    before: _Made | None


class ReportCache:
    """Makes each report once for all who look, one at a time.

    The longer one took, the longer it is kept: making them takes a twentieth of the time
    at most, however many pages are open.
    """

    def __init__(self, clocks: Clocks) -> None:
        self._clocks = clocks
        self._asked: dict[Hashable, _Asked] = {}
        self._lock = asyncio.Lock()

    async def of(self, question: Hashable, rules: Ruleset, make: Make) -> Report:
        """Return the answer to a question by these rules, made now or a moment ago.

        Raises what ``make`` does.
        """
        asked = self._asked_now(question, rules, make)
        await asyncio.wait({asked.making})
        return self._answer(question, asked)

    async def soon(
        self, question: Hashable, rules: Ruleset, make: Make, *, patience_s: float
    ) -> Report | None:
        """Return the same within ``patience_s``; what takes longer goes on being made.

        Meanwhile the answer is that of a minute ago, ``None`` where nobody asked then.
        """
        asked = self._asked_now(question, rules, make)
        await asyncio.wait({asked.making}, timeout=patience_s)
        if not asked.making.done():
            return self._if_recent(asked.before)
        return self._answer(question, asked)

    async def close(self) -> None:
        """Give up what is being made."""
        tasks = [one.making for one in self._asked.values()]
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _asked_now(self, question: Hashable, rules: Ruleset, make: Make) -> _Asked:
        asked = self._asked.get(question)
        if asked is not None and asked.rules is rules:
            made = _made(asked)
            if made is None or self._clocks.monotonic_ms() < made.until_ms:
                return asked
        return self._begun(question, rules, make)

    def _answer(self, question: Hashable, asked: _Asked) -> Report:
        """Return what was made; what went wrong is told once, and then made again."""
        if asked.making.exception() and self._asked.get(question) is asked:
            del self._asked[question]
        return asked.making.result().report

    def _begun(self, question: Hashable, rules: Ruleset, make: Make) -> _Asked:
        self._drop_old()
        known = self._asked.get(question)
        before = _made(known) if known and known.rules is rules else None
        making = asyncio.create_task(self._made_alone(make))
        asked = self._asked[question] = _Asked(rules=rules, making=making, before=before)
        return asked

    async def _made_alone(self, make: Make) -> _Made:
        async with self._lock:
            begun_ms = self._clocks.monotonic_ms()
            report = await make()
            done_ms = self._clocks.monotonic_ms()
        keep_ms = min(max(SHARE * (done_ms - begun_ms), LEAST_MS), MOST_MS)
        return _Made(report=report, until_ms=done_ms + keep_ms)

    def _drop_old(self) -> None:
        self._asked = {
            question: one
            for question, one in self._asked.items()
            if not one.making.done() or self._if_recent(_made(one))
        }

    def _if_recent(self, made: _Made | None) -> Report | None:
        if made is None or self._clocks.monotonic_ms() >= made.until_ms + OLD_MS:
            return None
        return made.report


def _made(asked: _Asked) -> _Made | None:
    """Return what was made, where that succeeded."""
    making = asked.making
    return making.result() if making.done() and not making.exception() else None
