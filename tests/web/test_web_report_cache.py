"""Reports that the page keeps: made once for all who look, and kept by what they cost."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from page_house import rules_of

from notifier.clocks import Clocks
from notifier.errors import StoreError
from notifier.reports.asked import Asked
from notifier.reports.model import Report
from notifier.reports.report import Seen, report
from notifier.web.report_cache import ReportCache


class Makes:
    """Makes reports, each of which takes so long by the clock."""

    def __init__(self, took_ms: int) -> None:
        self.now_ms = 0
        self.made = 0
        self.fault: StoreError | None = None
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.rules = rules_of()
        self._took_ms = took_ms
        self.kept = ReportCache(Clocks(monotonic_ms=lambda: self.now_ms))

    async def ask(self, question: str = "7d") -> Report:
        return await self.kept.of(question, self.rules, self._make)

    async def look(self) -> Report | None:
        return await self.kept.soon("7d", self.rules, self._make, patience_s=0)

    async def finish(self) -> Report:
        """Let what is being made come to its end."""
        self.may_end.set()
        return await self.ask()

    async def _make(self) -> Report:
        await self.may_end.wait()
        if self.fault:
            raise self.fault
        self.now_ms += self._took_ms
        self.made += 1
        at_ms = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
        asked = Asked(
            since=timedelta(days=7), until_ms=at_ms, now_ms=at_ms, goal_ms=1, zone=UTC
        )
        return report([], asked, Seen())


async def test_ten_who_look_at_once_have_it_made_once() -> None:
    makes = Makes(took_ms=10)
    await asyncio.gather(*(makes.ask() for _ in range(10)))
    assert makes.made == 1


async def test_a_quick_one_is_kept_for_three_seconds() -> None:
    makes = Makes(took_ms=10)
    await makes.ask()
    makes.now_ms += 2_999
    await makes.ask()
    assert makes.made == 1
    makes.now_ms += 1
    await makes.ask()
    assert makes.made == 2


async def test_a_slow_one_is_kept_twenty_times_as_long_as_it_took_and_a_minute_at_most() -> (
    None
):
    for took_ms, kept_ms in ((1_000, 20_000), (10_000, 60_000)):
        makes = Makes(took_ms=took_ms)
        await makes.ask()
        makes.now_ms += kept_ms - 1
        await makes.ask()
        assert makes.made == 1
        makes.now_ms += 1
        await makes.ask()
        assert makes.made == 2


async def test_other_rules_make_another_one() -> None:
    makes = Makes(took_ms=10)
    await makes.ask()
    makes.rules = rules_of()
    await makes.ask()
    assert makes.made == 2


async def test_another_question_has_an_answer_of_its_own() -> None:
    makes = Makes(took_ms=10)
    assert await makes.ask("7d") is not await makes.ask("30d")
    assert makes.made == 2


async def test_who_only_looks_does_not_wait_for_a_slow_one() -> None:
    makes = Makes(took_ms=1_000)
    makes.may_end.clear()
    assert await makes.look() is None
    assert await makes.look() is None
    made = await makes.finish()
    assert await makes.look() is made
    assert makes.made == 1


async def test_who_looks_while_it_is_made_anew_sees_the_one_of_a_minute_ago() -> None:
    for passed_ms, is_seen in ((20_000, True), (79_999, True), (80_000, False)):
        makes = Makes(took_ms=1_000)
        old = await makes.ask()
        makes.may_end.clear()
        makes.now_ms += passed_ms
        assert await makes.look() is (old if is_seen else None)
        assert await makes.finish() is not old


async def test_what_failed_is_told_to_the_next_who_looks_and_tried_again() -> None:
    makes = Makes(took_ms=10)
    makes.fault = StoreError("the disk is full")
    makes.may_end.clear()
    assert await makes.look() is None
    with pytest.raises(StoreError):
        await makes.finish()
    makes.fault = None
    assert await makes.ask() is await makes.ask()


async def test_what_is_being_made_at_the_end_is_given_up() -> None:
    makes = Makes(took_ms=10)
    makes.may_end.clear()
    assert await makes.look() is None
    await makes.kept.close()
    assert makes.made == 0
