"""Reading one page of a listing: ask for it, commit it, draw the conclusions."""

from dataclasses import dataclass, field

import structlog

from notifier.core.rows import ms_of
from notifier.crashes import Crashes
from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamStaleError
from notifier.poller.context import PollerContext
from notifier.poller.listing import ListingWalks
from notifier.transactions import polls
from notifier.transactions.commit_page import Committed
from notifier.transactions.page_comparison import Intake
from notifier.transactions.polls import WalkEnd
from notifier.transactions.write_events import Written
from notifier.upstream.budget import Budget, Purpose
from notifier.upstream.order import OrderWitness
from notifier.upstream.page import Page
from notifier.upstream.walk import Walk, WalkType

PAGES_BETWEEN_SIGNS = 90  # about a minute at the API's rate

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads pages for one source, one at a time."""

    context: PollerContext
    budget: Budget
    faults: Crashes = field(default_factory=Crashes)

    async def ask(self, walks: ListingWalks, walk: Walk) -> Page:
        """Return the walk's next page, with the one request that it is the turn for.

        Raises UpstreamError; whoever shares the token waits where that asks for it.
        """
        walk.asked = self.context.now()
        walk.begun = walk.begun or walk.asked
        try:
            page = await self._answered(walks, walk)
        except UpstreamPausedError as error:
            self.budget.pause(error.retry_after_s)
            raise
        self.budget.reset_backoff()
        return page

    async def _answered(self, walks: ListingWalks, walk: Walk) -> Page:
        assert walk.page is not None
        while True:
            try:
                return await self.context.client.page(walks.listing, walk.page)
            except UpstreamStaleError:
                # Not a page's turn: those have slots, and all might wait for another.
                again = {Purpose.HEAD: self.context.clock_ms()}
                async with self.budget.turn(again):  # counts, as BotPenguin may have
                    pass

    async def take(self, walks: ListingWalks, walk: Walk, page: Page) -> None:
        """Commit the walk's next page; completes the walk where that is its end.

        Raises StoreError and BusyError, with nothing of the page committed.
        """
        assert walk.page is not None
        number = walk.page
        witness = walk.witness.after(number, [one.row for one in page.rows])
        committed, ended = await self._commit(walks, walk, witness, page)
        for written in (committed.written, committed.overdue):
            self._tell(walks, written)
        walk.witness = witness
        all_changed = committed.changed == len(page.rows) > 0
        walk.advance(page.ids, all_held=committed.all_held, all_changed=all_changed)
        walk.returned |= committed.returned
        walks.read(walk, number)
        walks.spare.read(
            number,
            is_empty=not page.ids,
            news=committed.news,
            now_ms=self.context.clock_ms(),
        )
        _log_page(walks, walk, number, committed)
        self.context.refresh(committed.saved)
        if walk.done and walk.type is not WalkType.GLANCE:
            await self.complete(walks, walk, ended)

    async def complete(
        self, walks: ListingWalks, walk: Walk, ended: WalkEnd | None = None
    ) -> None:
        """Put a walk away that is done; ``ended`` is what came of it, once committed."""
        if ended is None:
            end, rules = walks.completed(walk, walk.witness), self.context.rules
            ended = await self.context.store.run(
                polls.finish_walk, end, rules, at=self.context.now()
            )
        self._tell(walks, ended.overdue)
        walks.finish(walk, now_ms=self.context.clock_ms(), ended=ended)
        if walk.type is not WalkType.HEAD or walk.capped:
            log.info(
                "walk_completed",
                source=walks.listing.source.name,
                type=walks.listing.listing_type,
                walk=walk.type.value,
                pages=walk.pages,
                order=walks.order.value,
                capped=walk.capped,
            )

    def _tell(self, walks: ListingWalks, written: Written) -> None:
        """Wake who has work now, and log what was written."""
        self.context.wake(written.destinations)
        name = walks.listing.source.name
        for rule, error in written.template_faults:
            log.warning("template_failed", rule=rule, error=error)
        for event in written.events:
            log.info("event", id=event.id, type=event.type.value, source=name)
        for fault in written.faults:
            log.error("timer_crashed", source=name, **self.faults.details(fault))

    async def _commit(
        self, walks: ListingWalks, walk: Walk, witness: OrderWitness, page: Page
    ) -> tuple[Committed, WalkEnd | None]:
        run, at = self.context.store.run, self.context.now()
        assert walk.asked is not None
        intake = Intake(
            source=walks.listing.source,
            listing_type=walks.listing.listing_type,
            walk=walk.number,
            seen=walk.seen,
            rules=self.context.rules,
            first_run=walks.intervals.first_run,
            is_glance=walk.type is WalkType.GLANCE,
        )
        if walk.ends_if_held:
            end = walks.completed(walk, witness)
            return await run(polls.commit_head, page, intake, at, end, asked=walk.asked)
        baseline_from = page.served_at or at if walk.type is WalkType.BASELINE else None
        now_ms = self.context.clock_ms()
        outlook = walks.spare.outlook(now_ms=now_ms, wall_ms=ms_of(at))
        committed = await run(
            polls.commit,
            page,
            intake,
            at,
            baseline_from,
            asked=walk.asked,
            outlook=outlook,
        )
        if outlook is not None:
            walks.spare.kept(now_ms=now_ms)
        return committed, None


def log_failed(
    walks: ListingWalks, page: int | None, error: UpstreamError, *, failures: int
) -> None:
    """Tell of a request that brought nothing."""
    log.warning(
        "poll_failed",
        source=walks.listing.source.name,
        type=walks.listing.listing_type,
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
    is_full = walk.type in (WalkType.SWEEP, WalkType.BASELINE)
    if is_full and number % PAGES_BETWEEN_SIGNS == 0:
        log.info(
            "walk_goes_on",
            source=name,
            type=walks.listing.listing_type,
            walk=walk.type.value,
            pages=number,
            records=len(walk.seen),
        )
    log.debug(
        "page_read",
        source=name,
        type=walks.listing.listing_type,
        walk=walk.type.value,
        page=number,
        changed=committed.changed,
    )
