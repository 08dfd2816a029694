"""One source's poller: what it wants to ask for, and when to ask again."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any, TypeVar

import structlog

from notifier.core.rows import ms_of
from notifier.crashes import Crashes, Outage
from notifier.errors import BusyError, LeaseLostError, StoreError, UpstreamError
from notifier.poller.alarm import Alarm
from notifier.poller.context import PollerContext
from notifier.poller.listing import ListingKey, ListingWalks, purpose_of
from notifier.poller.reading import Reader, log_failed
from notifier.poller.stopping import Patience, Stop
from notifier.poller.turns import Next, Turns
from notifier.store.savepoints import words
from notifier.transactions import polls
from notifier.upstream.backoff import pause_s
from notifier.upstream.budget import Purpose
from notifier.upstream.page import Page

REMEDY = "please report it, with the log's lines"

T = TypeVar("T")

log = structlog.get_logger()


class SourcePoller:
    """Walks the listings of one source from ``begin_ms`` on, one request at a time.

    The token's budget alone decides what the next request is for.
    """

    def __init__(
        self, listings: Sequence[ListingWalks], context: PollerContext, *, begin_ms: int = 0
    ) -> None:
        self._listings = tuple(listings)
        self._turns = Turns(listings)
        self._source = listings[0].listing.source
        self._context = context
        self._alarm = Alarm(self._source, context, interval_ms=listings[0].intervals.head_ms)
        self._stop, self._patience = Stop(), Patience()
        self._budget = context.budget(listings[0].listing.token)
        self._reader = Reader(context=context, budget=self._budget)
        self._retry_ms = begin_ms
        self._failures = dict.fromkeys(Purpose, 0)  # in a row
        self._restored = False
        self._crashes, self._outage = Crashes(), Outage()
        self._reading: Next | None = None

    @property
    def name(self) -> str:
        """The source's name."""
        return self._source.name

    def stop(self) -> None:
        """Ask for no more pages, from now on; a page being committed is committed whole."""
        self._stop.request()

    def abandon(self) -> None:
        """Do nothing more than :meth:`stop`: no request is finished first."""
        self._stop.request()

    def poke(self) -> None:
        """Make a head poll of each listing due at once; a pause after a failure still holds."""
        now_ms = self._context.clock_ms()
        if not self._restored:
            self._retry_ms = min(self._retry_ms, now_ms)  # it need not wait for its beginning
        for walks in self._listings:
            if walks.heads.poke(now_ms=now_ms):
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
        await self._pause(max(self._retry_ms - self._context.clock_ms(), 0))
        return bool(await self._guarded(self._round()))

    async def _round(self) -> bool:
        await self._restore(is_scheduled=True)
        for walks in self._listings:
            now_ms = self._context.clock_ms()
            walk = walks.only(now_ms=now_ms)
            while not walk.done:
                self._turns.waiting = {purpose_of(walk): now_ms}
                if not await self._read(_always((walks, walk))):
                    return False
        # Not at its first good page: one that always fails is an outage, too.
        await self._alarm.good()
        return True

    async def _restore(self, *, is_scheduled: bool = False) -> None:
        named = [(self._source, walks.listing.listing_type) for walks in self._listings]
        states = await self._context.store.run(polls.states, named)
        wall_ms = ms_of(self._context.now())
        for walks, (state, outlook) in zip(self._listings, states, strict=True):
            walks.restore(state, outlook, now_ms=self._context.clock_ms(), wall_ms=wall_ms)
        await self._alarm.restore(is_scheduled=is_scheduled)
        self._restored = True

    async def _pause(self, wait_ms: int) -> None:
        sleep = partial(asyncio.sleep, wait_ms / 1000)
        await self._stop.unless(lambda: self._patience.wait(sleep, most_s=None))

    async def _step(self) -> int:
        """Make at most one request; return the milliseconds until the next may be due."""
        now_ms = self._context.clock_ms()
        if now_ms < self._retry_ms:
            return self._retry_ms - now_ms
        return await self._guarded(self._stepped(now_ms)) or 0

    async def _stepped(self, now_ms: int) -> int:
        if not self._restored:
            await self._restore()
        for walks in self._listings:
            for walk in walks.left_done():
                await self._reader.complete(walks, walk)
        wanted = self._turns.wanted(now_ms=now_ms)
        if not self._turns.waiting:
            return min(wanted.values()) - now_ms
        # A head poll that is due goes before a page that waits for its turn.
        until_ms = None if Purpose.HEAD in self._turns.waiting else wanted.get(Purpose.HEAD)
        purpose = await self._read(self._choose, until_ms=until_ms)
        stuck = {one for walks in self._listings for one in walks.stuck}
        if purpose is not None and purpose not in stuck:
            self._failures[purpose] = 0
        if purpose is not None and not stuck:
            await self._alarm.good()
        return 0

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Return what came of it; ``None`` where it failed: that is told, and waited for."""
        self._reading = None
        try:
            result = await work
        except (StoreError, BusyError) as error:
            self._turns.interrupt(now_ms=self._context.clock_ms())
            if not isinstance(error, LeaseLostError) and self._outage.met(error):
                log.warning("snapshot_unavailable", source=self.name, error=str(error))
            pause_ms = int(self._outage.pause_s() * 1000)
            self._retry_ms = max(self._retry_ms, self._context.clock_ms() + pause_ms)
        except Exception as error:  # noqa: BLE001
            # Broad: whatever it is, it is this source's failed poll. The others go on.
            await self._crashed(error)
        else:
            self._crashes.end()
            self._outage.end()
            return result
        return None

    async def _crashed(self, error: Exception) -> None:
        self._crashes.add()
        log.error("poll_crashed", source=self._source.name, **self._crashes.details(error))
        failure = UpstreamError(words(error), remedy=REMEDY)
        now_ms = self._context.clock_ms()
        purpose = Purpose.HEAD
        if self._reading is not None:
            walks, walk = self._reading
            walks.failed(walk, now_ms=now_ms)
            purpose = purpose_of(walk)
        self._wait_after(failure, purpose, now_ms)
        with suppress(Exception):  # told already, and counted at the next one
            await self._alarm.bad(failure)

    def _choose(self, purpose: Purpose) -> Next | None:
        return self._turns.take(purpose, now_ms=self._context.clock_ms())

    async def _read(
        self, choose: Callable[[Purpose], Next | None], *, until_ms: int | None = None
    ) -> Purpose | None:
        """Read a page of what is chosen once there is a turn, and return what it was for.

        ``None`` where none was read. Waits for the turn until ``until_ms``. A stop ends
        the wait, and the request.
        """
        async with AsyncExitStack() as turn:
            try:
                page = await self._stop.unless(lambda: self._page(choose, turn, until_ms))
            except UpstreamError as error:
                await self._failed(error)
                return None
            if page is None or self._reading is None:
                return None
            purpose = purpose_of(self._reading[1])
            await self._reader.take(*self._reading, page)
            self._reading = None
        return purpose

    async def _page(
        self,
        choose: Callable[[Purpose], Next | None],
        turn: AsyncExitStack,
        until_ms: int | None,
    ) -> Page | None:
        taking = partial(turn.enter_async_context, self._budget.turn(self._turns.waiting))
        if until_ms is None:
            purpose: Purpose | None = await taking()
        else:
            most_s = max(until_ms - self._context.clock_ms(), 0) / 1000
            purpose = await self._patience.wait(taking, most_s=most_s)
        if purpose is None:
            return None
        self._reading = choose(purpose)
        return await self._reader.ask(*self._reading) if self._reading else None

    async def _failed(self, error: UpstreamError) -> None:
        assert self._reading is not None
        (walks, walk), self._reading = self._reading, None
        now_ms, failures = self._context.clock_ms(), self._alarm.failures + 1
        log_failed(walks, walk.page, error, failures=failures)
        walks.failed(walk, now_ms=now_ms)
        self._wait_after(error, purpose_of(walk), now_ms)
        await self._alarm.bad(error)

    def _wait_after(self, error: UpstreamError, purpose: Purpose, now_ms: int) -> None:
        """Ask for nothing for a while; one old page that fails holds up no head poll."""
        self._failures[purpose] += 1
        failures = self._failures[purpose]
        wait_s = pause_s(error, failures=failures, jitter=self._context.jitter())
        until_ms = now_ms + int(wait_s * 1000)
        if purpose is Purpose.SPARE and type(error) is UpstreamError:
            self._turns.spare_ms = until_ms
        else:
            self._retry_ms = until_ms


def _always(chosen: Next) -> Callable[[Purpose], Next]:
    return lambda _purpose: chosen
