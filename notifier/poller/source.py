"""One source's poller: asks for pages when they are due and commits what they bring."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import SecretStr

from notifier.errors import (
    BusyError,
    StoreError,
    UpstreamError,
    UpstreamPausedError,
)
from notifier.intake import Committed, Intake
from notifier.poller import transactions
from notifier.poller.listing import ListingWalks
from notifier.rules.model import Ruleset
from notifier.store.db import Store
from notifier.upstream.backoff import pause_s
from notifier.upstream.budget import Budget
from notifier.upstream.client import Client
from notifier.upstream.health import Health, Transition
from notifier.upstream.order import settled
from notifier.upstream.page import Page
from notifier.upstream.walk import Walk, WalkKind

STORE_PAUSE_S = 1.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PollerTools:
    """What all sources share. ``now`` is the wall clock, ``clock_ms`` never jumps."""

    store: Store
    client: Client
    budget: Callable[[SecretStr], Budget]
    rules: Callable[[], Ruleset]
    now: Callable[[], datetime]
    clock_ms: Callable[[], int]
    jitter: Callable[[], float]
    wake: Callable[[set[str]], None]


class SourcePoller:
    """Walks the listings of one source, one request at a time."""

    def __init__(self, listings: Sequence[ListingWalks], tools: PollerTools) -> None:
        self._listings = listings
        self._source = listings[0].listing.source
        self._tools = tools
        self._budget = tools.budget(listings[0].listing.token)
        self._health = Health(last_good_ms=tools.clock_ms())
        self._failures = 0
        self._retry_ms = 0
        self._wake = asyncio.Event()
        self._stopping = False

    def stop(self) -> None:
        """Ask for no more pages; a page being committed is committed whole."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Poll until stopped."""
        await self.restore()
        while not self._stopping:
            wait_ms = await self._step()
            if wait_ms > 0:
                await self._sleep(wait_ms / 1000)

    async def restore(self) -> None:
        """Take up where the database says the listings were left."""
        states = await self._tools.store.run(transactions.states, self._listings)
        wall_ms = int(self._tools.now().timestamp() * 1000)
        for walks, state in zip(self._listings, states, strict=True):
            walks.restore(state, now_ms=self._tools.clock_ms(), wall_ms=wall_ms)

    async def once(self) -> bool:
        """Make every walk that is due now, to its end; False as soon as a request fails."""
        await self.restore()
        while True:
            wait_ms = await self._step()
            if self._failures:
                return False
            if wait_ms > 0 and all(walks.idle for walks in self._listings):
                return True

    async def _sleep(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _step(self) -> int:
        """Make at most one request; return the milliseconds until the next may be due."""
        now_ms = self._tools.clock_ms()
        if now_ms < self._retry_ms:
            return self._retry_ms - now_ms
        for walks in self._listings:
            walks.drop_broken(now_ms=now_ms)
        due = [(walks, walk) for walks in self._listings if (walk := walks.due(now_ms=now_ms))]
        if not due:
            return max(min(walks.next_ms() for walks in self._listings) - now_ms, 1)
        walks, walk = min(due, key=lambda pair: pair[1].kind is not WalkKind.HEAD)
        try:
            await self._read(walks, walk)
        except UpstreamError as error:
            await self._failed(walks, walk, error)
        except (StoreError, BusyError) as error:
            log.warning("snapshot_unavailable", source=self._source.name, error=str(error))
            self._retry_ms = self._tools.clock_ms() + int(STORE_PAUSE_S * 1000)
        return 0

    async def _read(self, walks: ListingWalks, walk: Walk) -> None:
        tools, listing = self._tools, walks.listing
        assert walk.page is not None
        await self._budget.turn(walk.kind)
        if self._stopping:
            return
        if walk.kind is WalkKind.HEAD and walk.pages == 0:
            walks.head_begun = tools.now()
        page = await tools.client.page(listing, walk.page)
        self._budget.worked()
        committed = await asyncio.shield(self._commit(walks, walk, page))
        if walk.kind is not WalkKind.HEAD:
            walks.witness.page(walk.page, [one.row for one in page.rows])
        walk.advance(page.ids, all_held=committed.all_held)
        self._log_page(walks, walk, committed)
        tools.wake(committed.written.destinations)
        if walk.done:
            await self._finished(walks, walk)
        self._failures = 0

    async def _commit(self, walks: ListingWalks, walk: Walk, page: Page) -> Committed:
        at = self._tools.now()
        intake = Intake(
            source=self._source,
            kind=walks.listing.kind,
            walk=walk.number,
            rules=self._tools.rules(),
            first_run=walks.intervals.first_run,
        )
        baseline_from = page.served_at or at if walk.kind is WalkKind.BASELINE else None
        return await self._tools.store.run(transactions.commit, page, intake, at, baseline_from)

    async def _finished(self, walks: ListingWalks, walk: Walk) -> None:
        now_ms = self._tools.clock_ms()
        order = settled(walks.order, walks.witness.order())
        written = await self._tools.store.run(
            transactions.finish_walk,
            walks,
            walk,
            self._tools.rules(),
            order=order.value,
            at=self._tools.now(),
        )
        self._tools.wake(written.destinations)
        walks.finish(walk, now_ms=now_ms)
        if walk.kind is not WalkKind.HEAD or walk.capped:
            log.info(
                "walk_completed",
                source=self._source.name,
                type=walks.listing.kind,
                walk=walk.kind.value,
                pages=walk.pages,
                order=order.value,
                capped=walk.capped,
            )
        await self._transition(self._health.good(now_ms))

    async def _failed(self, walks: ListingWalks, walk: Walk, error: UpstreamError) -> None:
        now_ms = self._tools.clock_ms()
        walk.fail(now_ms)
        self._failures += 1
        if isinstance(error, UpstreamPausedError):
            self._budget.pause(error.retry_after_s)
        wait_s = pause_s(error, failures=self._failures, jitter=self._tools.jitter())
        self._retry_ms = now_ms + int(wait_s * 1000)
        log.warning(
            "poll_failed",
            source=self._source.name,
            type=walks.listing.kind,
            page=walk.page,
            error=str(error),
            failures=self._failures,
        )
        await self._transition(self._health.bad(error, now_ms))

    async def _transition(self, transition: Transition | None) -> None:
        if transition is None:
            return
        written = await self._tools.store.run(
            transactions.tell_transition,
            self._source,
            transition,
            self._tools.rules(),
            at=self._tools.now(),
        )
        log.warning(
            f"source_{transition.state.value}",
            source=self._source.name,
            reason=transition.reason,
        )
        self._tools.wake(written.destinations)

    def _log_page(self, walks: ListingWalks, walk: Walk, committed: Committed) -> None:
        name = self._source.name
        for reason in committed.quarantined:
            log.warning("record_quarantined", source=name, reason=reason)
        for rule, fault in committed.written.template_faults:
            log.warning("template_failed", rule=rule, error=fault)
        for event in committed.written.events:
            log.info("event", id=event.id, type=event.type.value, source=name)
        log.debug(
            "page_read",
            source=name,
            type=walks.listing.kind,
            walk=walk.kind.value,
            page=walk.pages,
            changed=committed.changed,
        )
