"""One source's poller: whose turn it is, and when to ask again."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import structlog

from notifier.core.rows import ms_of
from notifier.crashes import Crashes
from notifier.errors import BusyError, StoreError, UpstreamError
from notifier.poller import transactions
from notifier.poller.alarm import Alarm
from notifier.poller.listing import ListingKey, ListingWalks
from notifier.poller.reading import Reader, log_failed
from notifier.poller.stopping import Patience, Stop
from notifier.poller.tools import PollerTools
from notifier.store.parts import words
from notifier.upstream.backoff import pause_s
from notifier.upstream.budget import HEADS_PER_SWEEP
from notifier.upstream.walk import Walk, WalkKind

STORE_PAUSE_MS = 1_000
REMEDY = "please report it, with the log's lines"

T = TypeVar("T")

log = structlog.get_logger()


class SourcePoller:
    """Walks the listings of one source from ``begin_ms`` on, one request at a time."""

    def __init__(
        self, listings: Sequence[ListingWalks], tools: PollerTools, *, begin_ms: int = 0
    ) -> None:
        self._listings = list(listings)  # who had a turn goes to the end
        self._source = listings[0].listing.source
        self._tools = tools
        self._alarm = Alarm(self._source, tools, interval_ms=listings[0].intervals.head_ms)
        self._stop, self._patience = Stop(), Patience()
        self._reader = Reader(
            tools=tools,
            budget=tools.budget(listings[0].listing.token),
            stop=self._stop,
            patience=self._patience,
        )
        self._retry_ms = begin_ms
        self._heads_in_a_row = 0
        self._restored = False
        self._crashes = Crashes()
        self._reading: tuple[ListingWalks, Walk] | None = None

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
            walk = walks.only(now_ms=self._tools.clock_ms())
            while not walk.done:
                if not await self._read(walks, walk):
                    return False
        # Not at its first good page: one that always fails is an outage, too.
        await self._alarm.good()
        return True

    async def _restore(self, *, is_scheduled: bool = False) -> None:
        states = await self._tools.store.run(transactions.states, self._listings)
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
        chosen = self._choose(now_ms)
        if chosen is None:
            return max(min(walks.next_ms() for walks in self._listings) - now_ms, 1)
        was_read = await self._read(*chosen, until_ms=self._patience_ms(chosen[1]))
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

    def _choose(self, now_ms: int) -> tuple[ListingWalks, Walk] | None:
        """Return whose turn it is: head polls first, at least a tenth for full walks."""
        heads, fulls = list[tuple[ListingWalks, Walk]](), list[tuple[ListingWalks, Walk]]()
        for walks in self._listings:
            walks.drop_broken(now_ms=now_ms)
            for walk in walks.due(now_ms=now_ms):
                (heads if walk.kind is WalkKind.HEAD else fulls).append((walks, walk))
        if not heads or (fulls and self._is_owed):
            chosen = fulls[0] if fulls else None
        else:
            self._heads_in_a_row += bool(fulls)
            chosen = heads[0]
        if chosen is not None:
            self._listings.remove(chosen[0])
            self._listings.append(chosen[0])
        return chosen

    @property
    def _is_owed(self) -> bool:
        """Whether a full walk has let enough head polls pass."""
        return self._heads_in_a_row >= HEADS_PER_SWEEP

    def _patience_ms(self, walk: Walk) -> int | None:
        """Return until when the walk may wait for its turn: a head poll would go first."""
        if walk.kind is WalkKind.HEAD or self._is_owed:
            return None
        due = (walks.next_head_ms for walks in self._listings if walks.has_baseline)
        return min(due, default=None)

    async def _read(
        self, walks: ListingWalks, walk: Walk, *, until_ms: int | None = None
    ) -> bool:
        """Read the walk's next page; False where nothing came of it."""
        number, asked = walk.page, True
        self._reading = walks, walk
        try:
            asked = await self._reader.read(walks, walk, until_ms=until_ms)
            self._reading = None
        except UpstreamError as error:
            self._reading = None
            await self._failed(walks, walk, number, error)
            return False
        finally:
            if asked and walk.kind is not WalkKind.HEAD:
                self._heads_in_a_row = 0
        return asked

    async def _failed(
        self, walks: ListingWalks, walk: Walk, number: int | None, error: UpstreamError
    ) -> None:
        now_ms, failures = self._tools.clock_ms(), self._alarm.failures + 1
        log_failed(walks, number, error, failures=failures)
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
