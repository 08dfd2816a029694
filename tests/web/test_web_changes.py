"""The stream that says when a page is to look again."""

import asyncio
from pathlib import Path

import pytest
from page_house import OPERATOR, Browser, Served, browsing, served

from notifier.store import mutes
from notifier.store.health import MuteTarget
from notifier.store.pages_marks import Marks, marks
from notifier.store.session import Session
from notifier.web import changes

pytestmark = pytest.mark.virtual_time


async def told(browser: Browser) -> int:
    """Listen until the stream ends, and return how often it said that something changed."""
    return (await browser.get("/changes")).text.count("event: changed")


async def change(page: Served) -> None:
    until_ms = page.now_ms() + 3_600_000
    await page.store.run(mutes.mute, MuteTarget.RULE, "New lead", until_ms=until_ms)


async def test_a_change_between_a_look_and_the_first_reading_is_told(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        assert "Unmute" not in (await browser.get("/rules")).text
        await change(page)
        assert await told(browser) == 1


async def test_who_joins_others_is_told_and_the_others_are_not(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        async with asyncio.TaskGroup() as tabs:
            first = tabs.create_task(told(browser))
            await asyncio.sleep(5)
            second = tabs.create_task(told(browser))
        assert (first.result(), second.result()) == (1, 1)


async def test_a_change_is_told_to_all_who_listen(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        async with asyncio.TaskGroup() as tabs:
            listening = [tabs.create_task(told(browser)) for _ in range(3)]
            await asyncio.sleep(5)
            await change(page)
        assert [one.result() for one in listening] == [2, 2, 2]


async def test_however_many_listen_the_marks_are_read_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Marks] = []

    def counted(session: Session) -> Marks:
        read.append(marks(session))
        return read[-1]

    monkeypatch.setattr(changes, "marks", counted)
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        assert await asyncio.gather(*(told(browser) for _ in range(10))) == [1] * 10
    assert len(read) < 2 * changes.LASTS_S / changes.EVERY_S
