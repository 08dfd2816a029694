"""Whose turn it is to use a token, and when: never more requests than its limit.

The recorded times decide (:mod:`notifier.core.pacing`), and all processes share them.
Here is the order among the sources of this process that share a token.
"""

import asyncio
import contextlib
import hashlib
from bisect import insort
from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum
from typing import Protocol, TypeAlias

from pydantic import SecretStr

from notifier.core.pacing import WINDOW_MS
from notifier.upstream.backoff import exponential_s

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
HEADS_PER_SPARE = 9
# Of all tokens together: what reading so many pages takes is how late a head poll
# begins where hundreds of sources are walked at once.
PAGES_AT_ONCE = 64


class Purpose(StrEnum):
    """What a request is for: a head poll, or a page that the spare rate is spent on."""

    HEAD = "head"
    SPARE = "spare"


Waiting: TypeAlias = Mapping[Purpose, int]
"""Since when a request for each purpose has been wanted."""


class RequestLog(Protocol):
    """The requests made with each token, shared by every process on the database."""

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        """Record a request and return 0, or return the milliseconds to wait for one.

        Atomic: decided by :func:`notifier.core.pacing.wait_ms` over the recorded times.
        """
        ...


def token_key(token: SecretStr) -> str:
    """Return what stands for a token in the log: a digest, since databases get copied."""
    return hashlib.blake2b(token.get_secret_value().encode(), digest_size=16).hexdigest()


class Budget:
    """The requests of one token: head polls first, at least a tenth of them spare.

    ``limit`` is requests a minute. ``clock_ms`` must be a clock that nobody sets
    (``time.monotonic``), the same one for all processes of the host; a reboot
    may start it anew. Spare requests are spaced evenly, so that a head poll never
    finds the whole minute used up by a burst of theirs. ``slots`` are for spare
    pages that are being read, and may be shared with other tokens' budgets. ``paused`` hears
    for how many milliseconds the upstream wants the token to pause.
    """

    def __init__(
        self,
        log: RequestLog,
        *,
        key: str,
        limit: int,
        clock_ms: Callable[[], int],
        slots: asyncio.Semaphore | None = None,
        paused: Callable[[int], None] = lambda _ms: None,
    ) -> None:
        self._log = log
        self.key = key
        self.limit = limit
        self._clock_ms = clock_ms
        self._paused = paused
        self._slots = slots or asyncio.Semaphore(PAGES_AT_ONCE)
        # Who has waited longest for a purpose stands first.
        self._queues: dict[Purpose, list[_Ticket]] = {purpose: [] for purpose in Purpose}
        self._changed = asyncio.Event()
        self._paused_until_ms = clock_ms()
        self._pauses = 0
        self._next_spare_ms = clock_ms()
        self._heads_in_a_row = 0

    @contextlib.asynccontextmanager
    async def turn(self, waiting: Waiting) -> AsyncIterator[Purpose]:
        """Wait until one request may be made, and say for which of the purposes it is.

        The block lasts until its page is read. For one purpose, who has waited longest
        comes first.
        """
        ticket = _Ticket(waiting)
        try:
            yield await self._wait(ticket)
        finally:
            if ticket.has_slot:
                self._slots.release()

    def pause(self, retry_after_s: float | None) -> None:
        """Let nobody use the token for so long; ``None`` doubles from 5 s to 5 min."""
        now_ms = self._clock_ms()
        if retry_after_s is None and now_ms < self._paused_until_ms:
            return  # answers to requests made before the pause tell nothing new
        if retry_after_s is None:
            self._pauses += 1
            retry_after_s = exponential_s(
                self._pauses, jitter=0, first_s=FIRST_PAUSE_S, most_s=LONGEST_PAUSE_S
            )
        pause_ms = int(retry_after_s * 1000)
        self.pause_for(pause_ms)
        self._paused(pause_ms)

    def pause_for(self, pause_ms: int) -> None:
        """Let nobody use the token for so long: another program was told to."""
        self._paused_until_ms = max(self._paused_until_ms, self._clock_ms() + pause_ms)
        self._wake()

    def reset_backoff(self) -> None:
        """Note a good answer: the next unusable ``Retry-After`` pauses for 5 s again."""
        self._pauses = 0

    async def _wait(self, ticket: "_Ticket") -> Purpose:
        for purpose in ticket.waiting:
            insort(self._queues[purpose], ticket, key=lambda one: one.waiting[purpose])
        self._wake()
        try:
            while True:
                changed = self._changed
                wait_ms, purpose = await self._claim(ticket)
                if wait_ms == 0:
                    self._count(purpose)
                    return purpose
                await _wait_for_change(changed, wait_ms)
        finally:
            for purpose in ticket.waiting:
                self._queues[purpose].remove(ticket)
            self._wake()

    async def _claim(self, ticket: "_Ticket") -> tuple[int, Purpose]:
        """Return 0 once the request is recorded, else after how long to ask again."""
        wait_ms, purpose = self._not_yet_ms(ticket)
        if wait_ms or purpose is Purpose.HEAD:
            return wait_ms or await self._recorded(), purpose
        await self._slots.acquire()
        try:
            wait_ms, purpose = self._not_yet_ms(ticket)
            wait_ms = wait_ms or await self._recorded()
            ticket.has_slot = wait_ms == 0 and purpose is Purpose.SPARE
        finally:
            if not ticket.has_slot:
                self._slots.release()
        return wait_ms, purpose

    async def _recorded(self) -> int:
        return await self._log.claim(self.key, self._clock_ms(), self.limit)

    def _not_yet_ms(self, ticket: "_Ticket") -> tuple[int, Purpose]:
        """Return how long it cannot be this ticket's turn, 0 where it is, and for what."""
        now_ms = self._clock_ms()
        first, purpose = self._first(now_ms)
        if now_ms < self._paused_until_ms:
            return self._paused_until_ms - now_ms, purpose
        if ticket is first:
            return 0, purpose
        if first is None:
            return self._next_spare_ms - now_ms, purpose
        return WINDOW_MS, purpose  # the turn before this one wakes it

    def _first(self, now_ms: int) -> "tuple[_Ticket | None, Purpose]":
        head, spare = (next(iter(self._queues[one]), None) for one in Purpose)
        spare_turn_due = self._heads_in_a_row >= HEADS_PER_SPARE
        if spare and (spare_turn_due or (head is None and now_ms >= self._next_spare_ms)):
            return spare, Purpose.SPARE
        return head, Purpose.HEAD

    def _count(self, purpose: Purpose) -> None:
        """Count the head polls that a waiting spare request has let pass."""
        if purpose is Purpose.SPARE:
            self._heads_in_a_row = 0
            self._next_spare_ms = self._clock_ms() + WINDOW_MS // self.limit
        elif self._queues[Purpose.SPARE]:
            self._heads_in_a_row += 1

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Ticket:
    """A place in the queue."""

    __slots__ = ("has_slot", "waiting")

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = dict(waiting)
        self.has_slot = False


async def _wait_for_change(changed: asyncio.Event, wait_ms: int) -> None:
    """Sleep until something changed, at most for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_ms / 1000):
            await changed.wait()
