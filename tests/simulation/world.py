"""Several loops in one time: those of members, and one of all that is around them.

Each has its own tasks; time and sockets are common. One drawn by lot takes the next step.
"""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import partial
from random import Random
from typing import Any, TypeVar, TypeVarTuple, Unpack

from simulation.loop import KilledError, SeededLoop

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
WAY_S = (0.0, 0.0, 0.0, 0.1, 2.0)
"""How long it takes until a server hears of what a thread asks it for."""


class WorldLoop(SeededLoop):
    """The loop of what is around the members: it holds the time, and who listens."""

    def __init__(self, rng: Random, within: "WorldLoop | None" = None) -> None:
        super().__init__(rng)
        self._free_s: defaultdict[Executor, float] = defaultdict(float)
        if within is not None:
            self._selector.clock = within._selector.clock
            for name in ("clock", "listening_sockets"):  # which the loop keeps for itself
                setattr(self, f"_EventLoop__{name}", getattr(within, f"_EventLoop__{name}"))

    def add_signal_handler(self, *_: Any) -> None:
        """Hear nothing: the story says when a process stops."""

    def remove_signal_handler(self, _: int) -> bool:
        """Hear nothing."""
        return True

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run it after a while, one after the other; at once what has no thread of its own."""
        if executor is None or self.is_dead:
            return super().run_in_executor(executor, func, *args)
        future: asyncio.Future[T] = self.create_future()
        # A tick apart: timers of one moment have no order.
        free_s = self._free_s[executor] + self._clock_resolution
        at_s = max(self.time() + self._rng.choice(WAY_S), free_s)
        self._free_s[executor] = at_s
        self.call_at(at_s, self._run, future, partial(func, *args))
        return future

    def _run(self, future: asyncio.Future[T], func: Callable[[], T]) -> None:
        """Do what a thread does, unless nobody waits for it any more."""
        if self.is_dead or future.done():
            return
        try:
            future.set_result(func())
        except KilledError:
            self.kill()  # whoever waits for the answer waits for ever
        except Exception as error:  # noqa: BLE001 - as a thread's executor does
            future.set_exception(error)

    def is_busy(self) -> bool:
        """Whether anything of it could go on now."""
        if self._ready:
            return True
        next_s = self.next_s()
        if next_s is not None and next_s < self.time() + self._clock_resolution:
            return True
        return bool(self._moved())

    def next_s(self) -> float | None:
        """Return when the next of its timers is due."""
        timers = self._scheduled
        while timers and timers[0]._cancelled:
            heapq.heappop(timers)._scheduled = False
            self._timer_cancelled_count -= 1
        when_s: float | None = timers[0]._when if timers else None
        return when_s

    def step(self) -> None:
        """Let everything that is ready go on, once."""
        self._stopping = True
        self.run_forever()

    def pass_time(self, until_s: float) -> None:
        """Let it be then, for all who share the time."""
        clock = self._selector.clock
        # What is less than the clock can tell is one tick of it.
        clock.advance(max(until_s - clock.time(), clock.resolution))


def go_on(rng: Random, world: WorldLoop, loops: Iterable[WorldLoop]) -> WorldLoop | None:
    """Let one loop that can take a step; where none can, let time pass."""
    awake = [world, *loops]
    busy = [one for one in awake if one.is_busy()]
    if busy:
        chosen = busy[rng.randrange(len(busy))]
        chosen.step()
        return chosen
    world.pass_time(min(s for one in awake if (s := one.next_s()) is not None))
    return None
