"""Whose turn it is: the limit, the order among those who wait, and pauses; in virtual time."""

import asyncio
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from notifier.core import pacing
from notifier.upstream.budget import Budget, Purpose, token_key
from support.virtual_time import now_ms, run

HEAD, SPARE = Purpose.HEAD, Purpose.SPARE


class Log:
    """What a database would hold, in memory; a moment passes in every claim."""

    def __init__(self) -> None:
        self.times: dict[str, list[int]] = defaultdict(list)
        self.granted: list[int] = []

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        await asyncio.sleep(0)
        times = self.times[token_key]
        counted_ms = times[-limit] if len(times) >= limit else None
        wait_ms = pacing.wait_ms(counted_ms, now_ms=now_ms)
        if wait_ms == 0:
            times.append(now_ms)
            self.granted.append(now_ms)
        return wait_ms


def budget(
    log: Log, *, limit: int = 10, key: str = "token", slots: asyncio.Semaphore | None = None
) -> Budget:
    return Budget(log, key=key, limit=limit, clock_ms=now_ms, slots=slots)


async def turn(a_budget: Budget, purpose: Purpose, *, page_s: float = 0) -> None:
    async with a_budget.turn({purpose: now_ms()}):
        await asyncio.sleep(page_s)


async def ask(
    a_budget: Budget, purpose: Purpose, times: int, order: list[str], name: str
) -> None:
    for _ in range(times):
        await turn(a_budget, purpose)
        order.append(name)


def most_in_a_minute(times: list[int]) -> int:
    return max((sum(a <= b < a + 60_000 for b in times) for a in times), default=0)


def test_head_polls_go_out_at_once_up_to_the_limit() -> None:
    async def main() -> None:
        log = Log()
        await ask(budget(log), HEAD, 10, [], "a")
        assert log.granted == [0] * 10
        await ask(budget(log), HEAD, 1, [], "a")
        assert log.granted[10] == pacing.WINDOW_MS

    run(main())


def test_full_walks_are_spaced_so_that_a_head_poll_finds_room() -> None:
    async def main() -> None:
        log, order = Log(), list[str]()
        one = budget(log)
        async with asyncio.TaskGroup() as group:
            group.create_task(ask(one, SPARE, 30, order, "spare"))
            await asyncio.sleep(60)
            before = now_ms()
            await turn(one, HEAD)
            assert now_ms() - before <= pacing.WINDOW_MS // 10
        assert most_in_a_minute(log.granted) == 10

    run(main())


def test_a_head_poll_overtakes_a_waiting_full_walk() -> None:
    async def main() -> None:
        order = list[str]()
        one = budget(Log(), limit=2)
        await ask(one, HEAD, 2, [], "")
        async with asyncio.TaskGroup() as group:
            group.create_task(ask(one, SPARE, 1, order, "spare"))
            await asyncio.sleep(1)
            group.create_task(ask(one, HEAD, 1, order, "head"))
        assert order == ["head", "spare"]

    run(main())


def test_busy_head_polls_leave_a_tenth_to_full_walks() -> None:
    async def main() -> None:
        order = list[str]()
        one = budget(Log(), limit=20)
        async with asyncio.TaskGroup() as group:
            group.create_task(ask(one, SPARE, 10, order, "spare"))
            group.create_task(ask(one, HEAD, 150, order, "head"))
            group.create_task(ask(one, HEAD, 150, order, "head"))
        assert Counter(order[:100])["spare"] in (9, 10, 11)

    run(main())


def test_sources_that_share_a_token_take_turns() -> None:
    async def main() -> None:
        order = list[str]()
        one = budget(Log(), limit=3)
        async with asyncio.TaskGroup() as group:
            for name in "abc":
                group.create_task(ask(one, HEAD, 10, order, name))
        assert all(set(order[at : at + 3]) == set("abc") for at in range(0, 30, 3))

    run(main())


def test_a_pause_holds_everybody_back() -> None:
    async def main() -> None:
        log = Log()
        one = budget(log)
        one.pause(17)
        async with asyncio.TaskGroup() as group:
            group.create_task(turn(one, HEAD))
            group.create_task(turn(one, SPARE))
        assert log.granted == [17_000, 17_000]

    run(main())


def test_a_pause_reaches_those_who_wait_already() -> None:
    async def main() -> None:
        log = Log()
        one = budget(log, limit=1)
        await turn(one, HEAD)
        async with asyncio.TaskGroup() as group:
            group.create_task(turn(one, HEAD))
            await asyncio.sleep(1)
            one.pause(1_000)
        assert log.granted[1] == 1_001_000

    run(main())


def test_unusable_pauses_double_from_five_seconds_until_an_answer_is_good() -> None:
    async def main() -> None:
        one = budget(Log(), limit=100)
        waits = []
        for _ in range(9):
            one.pause(None)
            one.pause(None)  # a second answer to the same burst
            before = now_ms()
            await turn(one, HEAD)
            waits.append((now_ms() - before) // 1000)
        assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
        one.reset_backoff()
        one.pause(None)
        before = now_ms()
        await turn(one, HEAD)
        assert now_ms() - before == 5_000

    run(main())


def test_a_shorter_pause_does_not_cut_a_longer_one_short() -> None:
    async def main() -> None:
        log = Log()
        one = budget(log)
        one.pause(60)
        one.pause(1)
        await turn(one, HEAD)
        assert log.granted == [60_000]

    run(main())


def test_who_gives_up_waiting_holds_nobody_up() -> None:
    async def main() -> None:
        log = Log()
        one = budget(log, limit=1)
        await turn(one, HEAD)
        leaving = asyncio.create_task(turn(one, HEAD))
        staying = asyncio.create_task(turn(one, HEAD))
        await asyncio.sleep(1)
        leaving.cancel()
        await staying
        assert log.granted == [0, pacing.WINDOW_MS]

    run(main())


def test_the_log_never_sees_a_token() -> None:
    secret = SecretStr("tok-s3cret")
    assert "s3cret" not in token_key(secret)
    assert token_key(secret) == token_key(SecretStr("tok-s3cret"))
    assert token_key(secret) != token_key(SecretStr("tok-s3cres"))


@settings(max_examples=40)
@given(
    limit=st.integers(1, 12),
    heads=st.lists(st.integers(1, 30), max_size=3),
    sweeps=st.lists(st.integers(1, 30), max_size=2),
    restart_s=st.integers(0, 90),
)
def test_no_minute_exceeds_the_limit_and_none_is_wasted(
    limit: int, heads: list[int], sweeps: list[int], restart_s: int
) -> None:
    """Two processes' budgets share one log; the second begins a while after the first."""

    async def main() -> None:
        log = Log()
        one, two = budget(log, limit=limit), budget(log, limit=limit)
        async with asyncio.TaskGroup() as group:
            for count in heads:
                group.create_task(ask(one, HEAD, count, [], ""))
            for count in sweeps:
                group.create_task(ask(one, SPARE, count, [], ""))
            await asyncio.sleep(restart_s)
            group.create_task(ask(two, HEAD, 5, [], ""))
        assert most_in_a_minute(log.granted) <= limit
        wanted = sum(heads) + sum(sweeps) + 5
        assert len(log.granted) == wanted
        spaced_s = (sum(sweeps) + 1) * pacing.WINDOW_MS / limit / 1000
        windows = -(-wanted // limit)
        assert now_ms() / 1000 <= restart_s + spaced_s + windows * pacing.WINDOW_MS / 1000

    run(main())


def test_who_gave_up_waiting_meanwhile_comes_back_to_its_place() -> None:
    async def main() -> None:
        order = list[str]()
        one = budget(Log())
        await turn(one, SPARE)

        async def wait(name: str, since_ms: int) -> None:
            async with one.turn({SPARE: since_ms}):
                order.append(name)

        await asyncio.sleep(1)
        async with asyncio.TaskGroup() as group:
            group.create_task(wait("later", now_ms()))
            await asyncio.sleep(0)
            group.create_task(wait("back again", 500))
        assert order == ["back again", "later"]

    run(main())


def test_full_walks_of_many_tokens_leave_room_for_head_polls() -> None:
    async def main() -> None:
        log, slots = Log(), asyncio.Semaphore(2)
        walking = [budget(log, key=f"token {n}", slots=slots) for n in range(4)]
        async with asyncio.TaskGroup() as group:
            for one in walking:
                group.create_task(turn(one, SPARE, page_s=7))
            await asyncio.sleep(1)
            await turn(walking[3], HEAD)
            assert now_ms() == 1_000
        # Two at a time, and nobody's request is counted before it can be made.
        assert sorted(log.granted) == [0, 0, 1_000, 7_000, 7_000]

    run(main())


def test_a_pause_holds_for_a_full_walk_that_has_just_found_a_slot() -> None:
    async def main() -> None:
        log, slots = Log(), asyncio.Semaphore(1)
        one = budget(log, slots=slots)
        async with asyncio.TaskGroup() as group:
            group.create_task(turn(budget(log, key="other", slots=slots), SPARE, page_s=10))
            await asyncio.sleep(1)
            group.create_task(turn(one, SPARE))
            await asyncio.sleep(1)
            one.pause(60)
        assert log.granted == [0, 62_000]

    run(main())


def test_a_full_walk_that_gives_up_leaves_its_slot_to_others() -> None:
    async def main() -> None:
        log, slots = Log(), asyncio.Semaphore(1)
        one, other = (budget(log, key=key, slots=slots) for key in ("one", "other"))
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(turn(one, SPARE, page_s=100))
            await asyncio.sleep(1)
            waiting = group.create_task(turn(other, SPARE))
            await asyncio.sleep(1)
            waiting.cancel()
            reading.cancel()
        await turn(other, SPARE)
        assert now_ms() == 2_000

    run(main())


def test_who_wants_both_polls_first_and_its_spare_page_loses_no_place() -> None:
    async def main() -> None:
        log, order = Log(), list[str]()
        one = budget(log, limit=10)
        await turn(one, SPARE)

        async def wait(name: str, waiting: dict[Purpose, int]) -> None:
            async with one.turn(waiting) as purpose:
                order.append(f"{name} {purpose}")

        async with asyncio.TaskGroup() as group:
            group.create_task(wait("both", {SPARE: 0, HEAD: 0}))
            group.create_task(wait("other", {SPARE: 1}))
            await asyncio.sleep(1)
            group.create_task(wait("both", {SPARE: 0}))
        assert order == ["both head", "both spare", "other spare"]

    run(main())


def test_who_wants_both_for_ever_gets_a_tenth_of_spare_pages() -> None:
    async def main() -> None:
        got = list[Purpose]()
        one = budget(Log(), limit=20)
        for _ in range(100):
            async with one.turn({HEAD: now_ms(), SPARE: now_ms()}) as purpose:
                got.append(purpose)
        assert Counter(got) == {HEAD: 90, SPARE: 10}

    run(main())
