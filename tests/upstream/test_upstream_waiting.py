"""Within what time a change is seen, told from the schedule, beside what comes of it."""

import pytest

from notifier.upstream.glances import Glances
from notifier.upstream.waiting import Wait, wait_of_pages, wait_of_polls
from support.inbox import HEAD_MS, PAGE, Depth, Inbox, Reader, hot, mixed, uniform, waits


def test_where_each_poll_sees_all_it_is_the_poll_interval() -> None:
    assert wait_of_polls(15_000) == Wait(median_ms=15_000, p90_ms=15_000)


def test_pages_that_change_alike_are_read_in_turn() -> None:
    wait = wait_of_pages([0.01] * 100, turn_ms=1_000, head_ms=15_000)
    assert wait.median_ms == pytest.approx(50_000, rel=0.02)
    assert wait.p90_ms == pytest.approx(90_000, rel=0.02)


def test_where_one_page_alone_changes_the_glances_are_all_for_it() -> None:
    rates = [0.0] * 50 + [1.0] + [0.0] * 49
    wait = wait_of_pages(rates, turn_ms=1_000, head_ms=15_000)
    assert wait.median_ms == pytest.approx(1_000 / 0.6 / 2, rel=0.05)


def test_a_change_of_page_1_waits_for_the_next_poll_at_most() -> None:
    wait = wait_of_pages([1.0, *[0.0] * 999], turn_ms=60_000, head_ms=15_000)
    assert wait.p90_ms <= 15_000


def test_half_the_requests_make_it_take_twice_as_long() -> None:
    rates = [1 / place for place in range(1, 401)]
    total = sum(rates)
    shares = [rate / total for rate in rates]
    one, two = (wait_of_pages(shares, turn_ms=ms, head_ms=10**9) for ms in (700, 1_400))
    assert two.median_ms == pytest.approx(2 * one.median_ms, rel=0.03)
    assert two.p90_ms == pytest.approx(2 * one.p90_ms, rel=0.03)


@pytest.mark.parametrize("depth", [hot, mixed, uniform])
@pytest.mark.parametrize("bumped", [0.0, 0.5])
def test_what_is_told_is_what_comes_of_it(depth: Depth, bumped: float) -> None:
    inbox = Inbox(size=2_000, depth=depth, changes_a_minute=12, bumped=bumped)
    glances = Glances(pages=2_000 // PAGE, now_ms=0)
    reader = Reader(inbox=inbox, glances=glances)
    reader.run(1)
    inbox.waits_ms.clear()
    reader.run(1)
    rates = glances.rates(now_ms=int(reader.now_ms))
    told = wait_of_pages(rates, turn_ms=glances.turn_ms, head_ms=HEAD_MS)
    found = waits(reader)
    assert told.median_ms / 1000 == pytest.approx(found.median_s, rel=0.3, abs=1.5)
    assert told.p90_ms / 1000 == pytest.approx(found.p90_s, rel=0.3)
