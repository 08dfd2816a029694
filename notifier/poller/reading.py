"""Reading one page of a listing: ask for it in turn, commit it, draw the conclusions."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial

import structlog

from notifier.crashes import Crashes
from notifier.errors import UpstreamError, UpstreamPausedError
from notifier.poller import transactions
from notifier.poller.listing import ListingWalks
from notifier.poller.stopping import Patience, Stop
from notifier.poller.tools import PollerTools
from notifier.transactions.commit_page import Committed
from notifier.transactions.page_comparison import Intake
from notifier.transactions.write_events import Written
from notifier.upstream.budget import Budget
from notifier.upstream.order import OrderWitness
from notifier.upstream.page import Page
from notifier.upstream.walk import Walk, WalkKind

# Until the lanes have claimed: they and the next page would only be in each other's way.
LANES_FIRST_S = 0.002
PAGES_BETWEEN_SIGNS = 90  # about a minute at the API's rate

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads pages for one source, one at a time.

    ``patience`` is a full walk's, for its turn.
    """

    tools: PollerTools
    budget: Budget
    stop: Stop
    patience: Patience
    faults: Crashes = field(default_factory=Crashes)

    async def read(
        self, walks: ListingWalks, walk: Walk, *, until_ms: int | None = None
    ) -> bool:
        """Read and commit the walk's next page; False where no request was made of it.

        It waits for its turn until ``until_ms``, and keeps its place for the next
        call. A walk whose last page is committed already is only completed. Raises
        UpstreamError, StoreError and BusyError, with nothing of the page committed.
        """
        ended: Written | None = None
        if walk.page is not None:
            number = walk.page
            async with AsyncExitStack() as turn:
                page = await self.stop.unless(
                    lambda: self._asked(walks, walk, number, turn, until_ms)
                )
                if page is None:
                    return False
                ended = await self._take(walks, walk, number, page)
        if walk.done:
            self._put_away(walks, walk, ended or await self._finish(walks, walk))
        return True

    async def _asked(
        self,
        walks: ListingWalks,
        walk: Walk,
        number: int,
        turn: AsyncExitStack,
        until_ms: int | None,
    ) -> Page | None:
        if not await self._has_turn(walk, turn, until_ms):
            return None
        if walk.is_broken(self.tools.clock_ms()):
            return None  # the turn was long in coming: the walk is to begin anew
        walk.begun = walk.begun or self.tools.now()
        try:
            page = await self.tools.client.page(walks.listing, number)
        except UpstreamPausedError as error:
            self.budget.pause(error.retry_after_s)
            raise
        self.budget.worked()
        return page

    async def _has_turn(self, walk: Walk, turn: AsyncExitStack, until_ms: int | None) -> bool:
        now_ms = self.tools.clock_ms()
        if walk.waits_since_ms is None:
            walk.waits_since_ms = now_ms
        mine = self.budget.turn(walk.kind, since_ms=walk.waits_since_ms)
        if until_ms is None:
            await turn.enter_async_context(mine)
        else:
            most_s = max(until_ms - now_ms, 0) / 1000
            taking = partial(turn.enter_async_context, mine)
            if not await self.patience.wait(taking, most_s=most_s):
                return False
        walk.waits_since_ms = None
        return True

    async def _take(
        self, walks: ListingWalks, walk: Walk, number: int, page: Page
    ) -> Written | None:
        """Commit a page; return what came of the walk's end, where that was committed, too."""
        witness = walk.witness.after(number, [one.row for one in page.rows])
        now_ms = self.tools.clock_ms()
        committed, ended = await self._commit(walks, walk, witness, page, now_ms=now_ms)
        self.tools.wake(committed.written.destinations)
        if committed.ahead:
            self.budget.recorded(now_ms)
        bot_id = walks.listing.source.bot_id
        self.tools.store.soon(transactions.note_success, bot_id, self.tools.now())
        walk.witness = witness
        walk.advance(page.ids, all_held=committed.all_held)
        walk.returned |= committed.returned
        walks.read(walk, number)
        _log_page(walks, walk, number, committed)
        self.tools.refresh(committed.saved)
        if committed.written.destinations:
            await asyncio.sleep(LANES_FIRST_S)
        return ended

    async def _commit(
        self,
        walks: ListingWalks,
        walk: Walk,
        witness: OrderWitness,
        page: Page,
        *,
        now_ms: int,
    ) -> tuple[Committed, Written | None]:
        run, at = self.tools.store.run, self.tools.now()
        intake = Intake(
            source=walks.listing.source,
            kind=walks.listing.kind,
            walk=walk.number,
            seen=walk.seen,
            rules=self.tools.rules(),
            first_run=walks.intervals.first_run,
        )
        if walk.kind is WalkKind.HEAD:
            return await run(
                transactions.commit_head,
                page,
                intake,
                walks,
                walk,
                witness=witness,
                budget=self.budget,
                now_ms=now_ms,
                at=at,
            )
        baseline_from = page.served_at or at if walk.kind is WalkKind.BASELINE else None
        return await run(transactions.commit, page, intake, at, baseline_from), None

    async def _finish(self, walks: ListingWalks, walk: Walk) -> Written:
        run, rules, at = self.tools.store.run, self.tools.rules(), self.tools.now()
        return await run(transactions.finish_walk, walks, walk, walk.witness, rules, at=at)

    def _put_away(self, walks: ListingWalks, walk: Walk, ended: Written) -> None:
        self.tools.wake(ended.destinations)
        for fault in ended.faults:
            name = walks.listing.source.name
            log.error("timer_crashed", source=name, **self.faults.details(fault))
        walks.finish(walk, now_ms=self.tools.clock_ms())
        if walk.kind is not WalkKind.HEAD or walk.capped:
            log.info(
                "walk_completed",
                source=walks.listing.source.name,
                type=walks.listing.kind,
                walk=walk.kind.value,
                pages=walk.pages,
                order=walks.order.value,
                capped=walk.capped,
            )


def log_failed(
    walks: ListingWalks, page: int | None, error: UpstreamError, *, failures: int
) -> None:
    """Tell of a request that brought nothing."""
    log.warning(
        "poll_failed",
        source=walks.listing.source.name,
        type=walks.listing.kind,
        page=page,
        error=str(error),
        failures=failures,
    )


def _log_page(walks: ListingWalks, walk: Walk, number: int, committed: Committed) -> None:
    name = walks.listing.source.name
    for reason in committed.quarantined:
        log.warning("record_quarantined", source=name, reason=reason)
    for error in committed.faults:
        log.error("record_crashed", source=name, exc_info=error)
    for rule, fault in committed.written.template_faults:
        log.warning("template_failed", rule=rule, error=fault)
    for event in committed.written.events:
        log.info("event", id=event.id, type=event.type.value, source=name)
    if walk.kind is not WalkKind.HEAD and number % PAGES_BETWEEN_SIGNS == 0:
        log.info(
            "walk_goes_on",
            source=name,
            type=walks.listing.kind,
            walk=walk.kind.value,
            pages=number,
            records=len(walk.seen),
        )
    log.debug(
        "page_read",
        source=name,
        type=walks.listing.kind,
        walk=walk.kind.value,
        page=number,
        changed=committed.changed,
    )
