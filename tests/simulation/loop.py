"""An event loop whose time, sockets and threads are simulated, and whose order is drawn.

Time jumps to the next timer as soon as nothing else moves. Sockets join two ends of this
loop. What is given to a thread is done at once, without one; now and then it takes a moment
until that is told. Of the tasks that could go on, one drawn by lot does: each seed tries
another interleaving, and the same one every time.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from itertools import count
from random import Random
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, TypeVar, TypeVarTuple, Unpack

import async_solipsism

STEPS_A_TICK = 64
# Now and then a disk keeps a thread waiting, and then not for some calls. Of the second that
# the program leaves between two minutes' requests a longer stall would leave nothing.
STALL_S = 0.9
STALLS = 1 / 32
CALM = 8
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class KilledError(BaseException):
    """The simulated process is dead: nothing of it may go on."""


class InlineExecutor(Executor):
    """Runs what it is given at once, without a thread."""

    def __init__(self, **_: object) -> None:
        super().__init__()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class InlineThread:
    """A thread whose work is done when it has begun, however busy this machine is."""

    def __init__(self, *, target: Callable[[], object], daemon: bool) -> None:
        del daemon
        self._target = target

    def start(self) -> None:
        self._target()


class NumberedTask(asyncio.Task[Any]):
    """A task whose place in a set is the same in each run, wherever in memory it is."""

    def __init__(self, coro: Any, *, number: int, **given: Any) -> None:
        self._number = number
        super().__init__(coro, **given)

    def __hash__(self) -> int:
        return self._number


class SeededLoop(async_solipsism.EventLoop):  # type: ignore[misc]
    """Begins at ``start_s``. :meth:`kill` ends the simulated process between two steps."""

    def __init__(self, rng: Random, *, start_s: float = 0.0) -> None:
        super().__init__()
        self._rng = rng
        numbers = count()
        self.set_task_factory(
            lambda loop, coro, **given: NumberedTask(
                coro, number=next(numbers), loop=loop, **given
            )
        )
        self._selector.clock.advance(start_s)
        self._selector.select = self._selected
        self._thread = threading.get_ident()
        self._calls, self._busy_until_s = 0, 0.0
        self.steps = 0
        self.dies_at_step: int | None = None
        self.is_dead = False

    def kill(self) -> None:
        """End here, as a process does that is killed: nobody is asked, nothing is closed."""
        self.is_dead = True
        self.stop()

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> Any:
        assert threading.get_ident() == self._thread, "its speed would decide what comes first"
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        del executor
        future: asyncio.Future[T] = self.create_future()
        if self.is_dead:
            return future
        try:
            result = func(*args)
        except KilledError:
            self.kill()  # whoever waits for the answer waits for ever
        except Exception as error:  # noqa: BLE001 - as a thread's executor does
            self._hand_over(partial(future.set_exception, error), future)
        else:
            self._hand_over(partial(future.set_result, result), future)
        return future

    def _hand_over(self, give: Callable[[], None], future: asyncio.Future[Any]) -> None:
        """Give what a thread has made: at once, or when its disk stalls no more."""
        now_s, self._calls = self.time(), self._calls + 1
        if self._calls > CALM and self._rng.random() < STALLS:
            self._calls, self._busy_until_s = 0, now_s + STALL_S
        if self._busy_until_s <= now_s:
            give()
        else:
            self.call_at(self._busy_until_s, _unless_done, future, give)

    def _selected(self, timeout: float | None = None) -> Any:
        """Return what is ready, in a drawn order; where nothing is, let the time pass."""
        ready = self._moved()
        if len(ready) > 1:
            self._rng.shuffle(ready)
        if not ready and (timeout is None or timeout > 0):
            assert timeout is not None, "nothing will ever happen again"
            self._selector.clock.advance(timeout)
        return ready

    def _moved(self) -> list[Any]:
        """Return the sockets at which something has happened.

        As the selector does, which asks each socket's key for its number first.
        """
        ready = []
        for key in self._selector._fd_to_key.values():
            socket, wanted = key.fd.socket, key.events
            events = EVENT_READ if wanted & EVENT_READ and socket.read_ready() else 0
            if wanted & EVENT_WRITE and socket.write_ready():
                events |= EVENT_WRITE
            if events:
                ready.append((key, events))
        return ready

    def _run_once(self) -> None:
        self.steps += 1
        if self.steps % STEPS_A_TICK == 0:
            # Who waits for less than the clock can tell would else wait for ever.
            self._selector.clock.advance(self._selector.clock.resolution)
        if self.dies_at_step is not None and self.steps >= self.dies_at_step:
            self.kill()
        super()._run_once()

    def _call_soon(self, callback: Any, args: Any, context: Any) -> asyncio.Handle:
        is_step = not self.is_dead and _is_step(callback)  # a dead process does not draw
        handle: asyncio.Handle = super()._call_soon(callback, args, context)
        ready = self._ready
        if is_step and len(ready) > 1 and self._rng.random() < 0.5:
            ready.pop()
            place = self._rng.randrange(len(ready) + 1)
            ready.insert(place, handle)
        return handle


def _unless_done(future: asyncio.Future[Any], give: Callable[[], None]) -> None:
    if not future.done():  # nobody may wait for it any more
        give()


def _is_step(callback: object) -> bool:
    """Whether a callback lets a task go on: in which order tasks do is nobody's promise."""
    name = getattr(callback, "__name__", "")
    return name == "task_wakeup" or type(callback).__name__ == "TaskStepMethWrapper"
