"""One source's poller: what it wants to ask for, and when to ask again."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, TypeAlias, TypeVar

import structlog

from notifier.core.rows import ms_of
from notifier.crashes import Crashes
from notifier.errors import BusyError, StoreError, UpstreamError
from notifier.poller.alarm import Alarm
from notifier.poller.listing import ListingKey, ListingWalks, purpose_of
from notifier.poller.reading import Reader, log_failed
from notifier.poller.stopping import Patience, Stop
from notifier.poller.tools import PollerTools
from notifier.store.parts import words
from notifier.transactions import polls
from notifier.upstream.backoff import pause_s
from notifier.upstream.budget import Purpose
from notifier.upstream.page import Page
from notifier.upstream.walk import Walk

STORE_PAUSE_MS = 1_000
REMEDY = "please report it, with the log's lines"

T = TypeVar("T")
Next: TypeAlias = tuple[ListingWalks, Walk]
"""A walk that a page is read for, and its listing's walks."""

log = structlog.get_logger()


class SourcePoller:
    """Walks the listings of one source from ``begin_ms`` on, one request at a time.

    The token's budget alone decides what the next request is for.
    """

    def __init__(
        self, listings: Sequence[ListingWalks], tools: PollerTools, *, begin_ms: int = 0
    ) -> None:
        self._listings = list(listings)  # who had a turn goes to the end
        self._source = listings[0].listing.source
        self._tools = tools
        self._alarm = Alarm(self._source, tools, interval_ms=listings[0].intervals.head_ms)
        self._stop, self._patience = Stop(), Patience()
        self._budget = tools.budget(listings[0].listing.token)
        self._reader = Reader(tools=tools, budget=self._budget)
        self._retry_ms = begin_ms
        self._waiting: dict[Purpose, int] = {}  # since when
        self._restored = False
        self._crashes = Crashes()
        self._reading: Next | None = None

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    def stop(self) -> None:
        """Ask for no more pages, from now on; a page being committed is committed whole."""
        self._stop.request()

    def poke(self) -> None:
        """Make a head poll of each listing due at once; a pause after a failure still holds."""
        now_ms = self._tools.clock_ms()
        if not self._restored:
            self._retry_ms = min(self._retry_ms, now_ms)  # it need not wait for its beginning
        for walks in self._listings:
            if walks.poke(now_ms=now_ms):
                self._patience.end()

    def rhythm(self) -> dict[ListingKey, int]:
        """Return the ``head_due_ms`` with which another poller takes up each listing."""
        return {walks.key: walks.resumes_ms() for walks in self._listings}

    async def run(self) -> None:
        """Poll until stopped."""
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._alarm.watch())
            while not self._stop.requested:
                await self._pause(await self._step())
            watching.cancel()

    async def once(self) -> bool:
        """Make one round: a head poll of each listing, or a full walk where it needs one.

        Returns False as soon as a request fails, or the database does.
        """
        await self._pause(max(self._retry_ms - self._tools.clock_ms(), 0))
        return bool(await self._guarded(self._round()))

    async def _round(self) -> bool:
        await self._restore(is_scheduled=True)
        for walks in self._listings:
            now_ms = self._tools.clock_ms()
            walk = walks.only(now_ms=now_ms)
            while not walk.done:
                self._waiting = {purpose_of(walk): now_ms}
                if not await self._read(_always((walks, walk))):
                    return False
        # Not at its first good page: one that always fails is an outage, too.
        await self._alarm.good()
        return True

    async def _restore(self, *, is_scheduled: bool = False) -> None:
        named = [(self._source, walks.listing.kind) for walks in self._listings]
        states = await self._tools.store.run(polls.states, named)
        wall_ms = ms_of(self._tools.now())
        for walks, state in zip(self._listings, states, strict=True):
            walks.restore(state, now_ms=self._tools.clock_ms(), wall_ms=wall_ms)
        await self._alarm.restore(is_scheduled=is_scheduled)
        self._restored = True

    async def _pause(self, wait_ms: int) -> None:
        sleep = partial(asyncio.sleep, wait_ms / 1000)
        await self._stop.unless(lambda: self._patience.wait(sleep, most_s=None))

    async def _step(self) -> int:
        """Make at most one request; return the milliseconds until the next may be due."""
        now_ms = self._tools.clock_ms()
        if now_ms < self._retry_ms:
            return self._retry_ms - now_ms
        return await self._guarded(self._stepped(now_ms)) or 0

    async def _stepped(self, now_ms: int) -> int:
        if not self._restored:
            await self._restore()
        for walks in self._listings:
            for walk in walks.left_done():
                await self._reader.complete(walks, walk)
        wanted = {purpose_of(walk) for _, walk in self._due(now_ms)}
        if not wanted:
            return max(min(walks.next_ms() for walks in self._listings) - now_ms, 1)
        self._waiting = {one: self._waiting.get(one, now_ms) for one in wanted}
        was_read = await self._read(self._choose, until_ms=self._head_ms())
        if was_read and not any(one.stuck for one in self._listings):
            await self._alarm.good()
        return 0

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what came of it; ``None`` where it failed: that is told, and waited for."""
        self._reading = None
        try:
            result = await work
        except (StoreError, BusyError) as error:
            self._unsaved(error)
        except Exception as error:  # noqa: BLE001
            # Broad: whatever it is, it is this source's failed poll. The others go on.
            await self._crashed(error)
        else:
            self._crashes.end()
            return result
        return None

    async def _crashed(self, error: Exception) -> None:
        self._crashes.add()
        log.error("poll_crashed", source=self._source.name, **self._crashes.details(error))
        failure = UpstreamError(words(error), remedy=REMEDY)
        now_ms = self._tools.clock_ms()
        if self._reading is not None:
            walks, walk = self._reading
            walks.failed(walk, now_ms=now_ms)
        self._wait_after(failure, now_ms)
        with suppress(Exception):  # told already, and counted at the next one
            await self._alarm.bad(failure)

    def _due(self, now_ms: int) -> list[Next]:
        """Return the walks whose next page may be asked for; who had no turn comes first."""
        due = list[Next]()
        for walks in self._listings:
            walks.drop_broken(now_ms=now_ms)
            due += ((walks, walk) for walk in walks.due(now_ms=now_ms))
        return due

    def _choose(self, purpose: Purpose) -> Next | None:
        """Return what to read now that there is a turn; ``None`` where nothing is left."""
        due = self._due(self._tools.clock_ms())
        chosen = next((one for one in due if purpose_of(one[1]) is purpose), None)
        if chosen is not None:
            self._listings.remove(chosen[0])
            self._listings.append(chosen[0])
        return chosen

    def _head_ms(self) -> int | None:
        """Return when to ask anew for a turn: a head poll is due then, and none is now."""
        if Purpose.HEAD in self._waiting:
            return None
        due = (walks.next_head_ms for walks in self._listings if walks.has_baseline)
        return min(due, default=None)

    async def _read(
        self, choose: Callable[[Purpose], Next | None], *, until_ms: int | None = None
    ) -> bool:
        """Read a page of what is chosen once there is a turn; False where none was read.

        Waits for the turn until ``until_ms``. A stop ends the wait, and the request.
        """
        async with AsyncExitStack() as turn:
            try:
                page = await self._stop.unless(lambda: self._page(choose, turn, until_ms))
            except UpstreamError as error:
                await self._failed(error)
                return False
            if page is None or self._reading is None:
                return False
            await self._reader.take(*self._reading, page)
            self._reading = None
        return True

    async def _page(
        self,
        choose: Callable[[Purpose], Next | None],
        turn: AsyncExitStack,
        until_ms: int | None,
    ) -> Page | None:
        taking = partial(turn.enter_async_context, self._budget.turn(self._waiting))
        if until_ms is None:
            purpose: Purpose | None = await taking()
        else:
            most_s = max(until_ms - self._tools.clock_ms(), 0) / 1000
            purpose = await self._patience.wait(taking, most_s=most_s)
        if purpose is None:
            return None
        self._waiting.pop(purpose)
        self._reading = choose(purpose)
        return await self._reader.ask(*self._reading) if self._reading else None

    async def _failed(self, error: UpstreamError) -> None:
        assert self._reading is not None
        (walks, walk), self._reading = self._reading, None
        now_ms, failures = self._tools.clock_ms(), self._alarm.failures + 1
        log_failed(walks, walk.page, error, failures=failures)
        walks.failed(walk, now_ms=now_ms)
        self._wait_after(error, now_ms)
        await self._alarm.bad(error)

    def _wait_after(self, error: UpstreamError, now_ms: int) -> None:
        failures = self._alarm.failures + 1
        wait_s = pause_s(error, failures=failures, jitter=self._tools.jitter())
        self._retry_ms = now_ms + int(wait_s * 1000)

    def _unsaved(self, error: StoreError | BusyError) -> None:
        log.warning("snapshot_unavailable", source=self._source.name, error=str(error))
        self._retry_ms = max(self._retry_ms, self._tools.clock_ms() + STORE_PAUSE_MS)


def _always(chosen: Next) -> Callable[[Purpose], Next]:
    return lambda _purpose: chosen
