"""Event loops whose clock jumps to the next timer as soon as nothing else moves."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

ARRIVAL_S = 0.005
"""What a byte may take from one socket of this process to another."""


class _Selector(selectors.DefaultSelector):
    """Returns as soon as nothing can come, and notes how long the loop would have slept."""

    slept_s = 0.0
    threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.threads:
            return super().select()
        # The loop itself has one, through which threads wake it.
        sockets = len(self.get_map()) > 1
        if timeout is None:
            assert sockets, "everything waits, and no timer is set"
            return super().select()
        if sockets:
            ready = super().select(ARRIVAL_S)
        if not ready:
            self.slept_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time begins at 0 and passes only while every task sleeps and every thread rests.

    Sockets and threads are real; both ends of a socket belong to this process.
    """

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.slept_s

    def skip(self, seconds: float) -> None:
        """Let time pass while the loop does not run."""
        self._virtual.slept_s += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        running = super().run_in_executor(executor, func, *args)
        self._virtual.threads += 1
        running.add_done_callback(self._rests)
        return running

    async def shutdown_default_executor(self) -> None:
        self._virtual.threads += 1  # it begins one of its own
        await super().shutdown_default_executor()
        self._virtual.threads -= 1

    def _rests(self, _ended: asyncio.Future[Any]) -> None:
        self._virtual.threads -= 1


class OneThread(VirtualLoop):
    """Runs the database's statements at once, for the same order of events every time."""

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - as a thread's executor does
            future.set_exception(error)
        return future


def now_ms() -> int:
    """Return the running loop's time, as a budget's clock would."""
    return round(asyncio.get_running_loop().time() * 1000)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
