"""Whose turn it is to use a token, and when: never more requests than its limit.

The recorded times decide (:mod:`notifier.core.pacing`), and all processes share them.
Here is the order among the sources of this process that share a token.
"""

import asyncio
import contextlib
import hashlib
from bisect import insort
from collections.abc import AsyncIterator, Callable
from operator import attrgetter
from typing import Protocol

from pydantic import SecretStr

from notifier.core.pacing import WINDOW_MS
from notifier.upstream.backoff import exponential_s
from notifier.upstream.walk import WalkKind

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 300.0
HEADS_PER_SWEEP = 9
# Of all tokens together: what reading so many pages takes is how late a head poll
# begins where hundreds of sources are walked at once.
PAGES_AT_ONCE = 64
AHEAD_FOR_MS = 500


class RequestLog(Protocol):
    """The requests made with each token, shared by every process on the database."""

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        """Record a request and return 0, or return the milliseconds to wait for one.

        Atomic: decided by :func:`notifier.core.pacing.claim` over the recorded times.
        """
        ...


def token_key(token: SecretStr) -> str:
    """Return what stands for a token in the log: a digest, since databases get copied."""
    return hashlib.blake2b(token.get_secret_value().encode(), digest_size=16).hexdigest()


class Budget:
    """The requests of one token: head polls first, at least a tenth for full walks.

    ``limit`` is requests a minute. ``clock_ms`` must be a clock that nobody sets
    (``time.monotonic``), the same one for all processes of the host; a reboot
    may start it anew. Full walks are spaced evenly, so that a head poll never
    finds the whole minute used up by a burst of theirs. ``room`` is for the full
    walks' pages that are being read, and may be shared with other tokens' budgets.
    """

    def __init__(
        self,
        log: RequestLog,
        *,
        key: str,
        limit: int,
        clock_ms: Callable[[], int],
        room: asyncio.Semaphore | None = None,
    ) -> None:
        self._log = log
        self.key = key
        self.limit = limit
        self._clock_ms = clock_ms
        self._room = room or asyncio.Semaphore(PAGES_AT_ONCE)
        self._queue: list[_Ticket] = []
        self._changed = asyncio.Event()
        self._paused_until_ms = clock_ms()
        self._pauses = 0
        self._next_walk_ms = clock_ms()
        self._heads_in_a_row = 0
        self._ahead_ms: list[int] = []

    @contextlib.asynccontextmanager
    async def turn(self, kind: WalkKind, *, since_ms: int | None = None) -> AsyncIterator[None]:
        """Wait until one request may be made; the block lasts until its page is read.

        First come first served within its kind. Who gave up waiting meanwhile comes
        as of ``since_ms``.
        """
        since_ms = self._clock_ms() if since_ms is None else since_ms
        ticket = _Ticket(head=kind is WalkKind.HEAD, since_ms=since_ms)
        try:
            await self._wait(ticket)
            yield
        finally:
            if ticket.has_room:
                self._room.release()

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
        until_ms = now_ms + int(retry_after_s * 1000)
        self._paused_until_ms = max(self._paused_until_ms, until_ms)
        self._wake()

    def worked(self) -> None:
        """Note a good answer: the next unusable ``Retry-After`` pauses for 5 s again."""
        self._pauses = 0

    def recorded(self, at_ms: int) -> None:
        """Note that a request was recorded ahead, at ``at_ms``: the next turn costs nothing.

        It has to come soon, or it is recorded again.
        """
        self._ahead_ms.append(at_ms)

    async def _wait(self, ticket: "_Ticket") -> None:
        insort(self._queue, ticket, key=attrgetter("since_ms"))
        self._wake()
        try:
            changed = self._changed
            while wait_ms := await self._wait_ms(ticket):
                await _nap(changed, wait_ms)
                changed = self._changed
            self._count(ticket)
        finally:
            self._queue.remove(ticket)
            self._wake()

    async def _wait_ms(self, ticket: "_Ticket") -> int:
        """Return 0 once the request is recorded, else after how long to ask again."""
        wait_ms = self._not_yet_ms(ticket)
        if wait_ms or ticket.head:
            return wait_ms or await self._claim()
        await self._room.acquire()
        try:
            wait_ms = self._not_yet_ms(ticket) or await self._claim()
            ticket.has_room = wait_ms == 0
        finally:
            if not ticket.has_room:
                self._room.release()
        return wait_ms

    async def _claim(self) -> int:
        now_ms = self._clock_ms()
        # Several, where sources that share the token have read a page just now.
        ahead = [at_ms for at_ms in self._ahead_ms if now_ms - at_ms < AHEAD_FOR_MS]
        self._ahead_ms = ahead[1:]
        return 0 if ahead else await self._log.claim(self.key, now_ms, self.limit)

    def _not_yet_ms(self, ticket: "_Ticket") -> int:
        """Return how long it cannot be this ticket's turn, 0 where it is."""
        now_ms = self._clock_ms()
        not_before_ms = self._paused_until_ms
        if not ticket.head and not self._owed:
            not_before_ms = max(not_before_ms, self._next_walk_ms)
        if now_ms < not_before_ms:
            return not_before_ms - now_ms
        if ticket is not self._first(now_ms):
            return WINDOW_MS  # the turn before this one wakes it
        return 0

    def _first(self, now_ms: int) -> "_Ticket | None":
        head = next((ticket for ticket in self._queue if ticket.head), None)
        walk = next((ticket for ticket in self._queue if not ticket.head), None)
        if walk and (self._owed or (head is None and now_ms >= self._next_walk_ms)):
            return walk
        return head

    @property
    def _owed(self) -> bool:
        """Whether a waiting full walk has let enough head polls pass."""
        return self._heads_in_a_row >= HEADS_PER_SWEEP

    def _count(self, ticket: "_Ticket") -> None:
        if not ticket.head:
            self._heads_in_a_row = 0
            self._next_walk_ms = self._clock_ms() + WINDOW_MS // self.limit
        elif any(not waiting.head for waiting in self._queue):
            self._heads_in_a_row += 1

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class _Ticket:
    """A place in the queue."""

    __slots__ = ("has_room", "head", "since_ms")

    def __init__(self, *, head: bool, since_ms: int) -> None:
        self.head = head
        self.since_ms = since_ms
        self.has_room = False


async def _nap(changed: asyncio.Event, wait_ms: int) -> None:
    """Sleep until something changed, at most for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_ms / 1000):
            await changed.wait()
