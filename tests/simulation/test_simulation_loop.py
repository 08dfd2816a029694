"""The loop that simulated processes run on."""

import asyncio
import threading
from random import Random

import pytest

from notifier import threads
from simulation.loop import InlineThread, SeededLoop


def test_work_in_a_thread_is_done_before_anything_else_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threads, "Thread", InlineThread)
    loop = SeededLoop(Random(1))
    order: list[str] = []

    async def other() -> None:
        order.append("other")

    async def asked() -> None:
        beside = asyncio.create_task(other())
        await threads.in_a_thread(lambda: order.append("work"))
        await beside

    try:
        loop.run_until_complete(asked())
    finally:
        loop.close()
    assert order == ["work", "other"]


def test_a_thread_that_is_not_simulated_may_not_hurry_or_delay_the_loop() -> None:
    loop = SeededLoop(Random(1))
    told: list[str] = []

    def tell() -> None:
        with pytest.raises(AssertionError, match="speed"):
            loop.call_soon_threadsafe(print)
        told.append("refused")

    thread = threading.Thread(target=tell)
    thread.start()
    thread.join()
    loop.close()
    assert told == ["refused"]
