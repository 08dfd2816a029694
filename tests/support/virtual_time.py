"""Event loops whose clock jumps to the next timer, or runs faster than time does."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

FASTER = 100


class _Selector(selectors.DefaultSelector):
    """Returns at once, having told the loop how long it would have slept."""

    slept_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everything waits, and no timer is set"
            self.slept_s += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time begins at 0 and passes only while every task sleeps."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.slept_s

    def skip(self, seconds: float) -> None:
        """Let time pass while the loop does not run."""
        self._virtual.slept_s += seconds


class OneThread(VirtualLoop):
    """Runs the database's statements at once, so that no time passes meanwhile."""

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


class _HastySelector(selectors.DefaultSelector):
    def __init__(self, faster: int) -> None:
        super().__init__()
        self._faster = faster

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout and timeout / self._faster)


class FastLoop(asyncio.SelectorEventLoop):
    """Time passes ``faster`` than it does, with sockets and threads as they are."""

    def __init__(self, faster: int = FASTER) -> None:
        self._faster = faster
        super().__init__(_HastySelector(faster))

    def time(self) -> float:
        return super().time() * self._faster


def now_ms() -> int:
    """Return the running loop's time, as a budget's clock would."""
    return round(asyncio.get_running_loop().time() * 1000)


def run_fast(main: Coroutine[Any, Any, T], *, faster: int = FASTER) -> T:
    """Run ``main`` to its end, its waits cut short."""
    with asyncio.Runner(loop_factory=lambda: FastLoop(faster)) as runner:
        return runner.run(main)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
