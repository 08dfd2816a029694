"""Makes what works by a lease: a source's poller, a destination's lane, the upkeep."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from notifier.configuration.load import Configuration
from notifier.core.leases import LANE, SOURCE, Lease, name_of
from notifier.dispatcher import Dispatcher
from notifier.dispatcher.context import LaneContext
from notifier.dispatcher.lane import Lane
from notifier.monitoring.pages import Pages
from notifier.poller.context import PollerContext
from notifier.poller.heads import first_polls
from notifier.poller.listing import Intervals, ListingKey, ListingWalks
from notifier.poller.source import SourcePoller
from notifier.rules.model import SourceSpec
from notifier.service.shared import Shared
from notifier.service.upkeep import Upkeep
from notifier.store.owned import OwnerStore
from notifier.upstream.client import Listing
from notifier.upstream.page import Page


class WorkerFactory:
    """Knows the rules in force, and what pollers and lanes share.

    ``rhythm`` tells when listings are due that were polled before; of the others the
    first poll is at once.
    """

    def __init__(
        self,
        shared: Shared,
        config: Configuration,
        dispatcher: Dispatcher,
        lane_tools: LaneContext,
        rhythm: Mapping[ListingKey, int],
    ) -> None:
        self._shared = shared
        self._config = config
        self._dispatcher = dispatcher
        self._lane_tools = lane_tools
        self._rhythm = dict(rhythm)
        self._interval_ms = int(shared.settings.poll_interval.total_seconds() * 1000)
        bots = [one.source.bot_id for one in config.sources]
        now_ms = shared.clocks.monotonic_ms()
        first_ms = first_polls(len(bots), now_ms=now_ms, interval_ms=self._interval_ms)
        self._begin_ms = dict(zip(bots, first_ms, strict=True))

    def make(self, lease: Lease) -> SourcePoller | Lane | Upkeep:
        """Return what works by this lease, and by no other."""
        store = self._shared.store_of(lease)
        if bot_id := name_of(lease.thing, SOURCE):
            specs = {one.source.bot_id: one for one in self._config.sources}
            return self._poller(specs[bot_id], store)
        if destination := name_of(lease.thing, LANE):
            return self._dispatcher.add(destination, replace(self._lane_tools, store=store))
        return Upkeep(self._shared, self._config, store, self._dispatcher)

    def _poller(self, spec: SourceSpec, store: OwnerStore) -> SourcePoller:
        shared, bot_id = self._shared, spec.source.bot_id
        begin_ms = max(self._begin_ms[bot_id], shared.clocks.monotonic_ms())
        context = PollerContext(
            store=store,
            client=_Checked(shared.client, store.check) if shared.members else shared.client,
            budget=shared.budget,
            rules=self._config.ruleset,
            now=shared.clocks.now,
            clock_ms=shared.clocks.monotonic_ms,
            jitter=shared.clocks.jitter,
            wake=self._dispatcher.wake,
            refresh=self._refresh,
        )
        return SourcePoller(self._walks(spec, begin_ms), context, begin_ms=begin_ms)

    def _refresh(self, keys: Collection[str]) -> None:
        """Let cards show leads that have changed, also where another member sends them."""
        self._dispatcher.refresh(keys)
        if self._shared.members:
            self._shared.members.news.changed(keys)

    def _walks(self, spec: SourceSpec, begin_ms: int) -> list[ListingWalks]:
        assert spec.token is not None
        settings, bot_id = self._shared.settings, spec.source.bot_id
        intervals = Intervals(
            head_ms=self._interval_ms,
            sweep_ms=int(settings.sweep_interval.total_seconds() * 1000),
            first_run=settings.first_run,
        )
        return [
            ListingWalks(
                listing=Listing(
                    source=spec.source, listing_type=listing_type, token=spec.token
                ),
                intervals=intervals,
                # Once: who gets it back later begins anew.
                head_due_ms=self._rhythm.pop((bot_id, listing_type), begin_ms),
            )
            for listing_type in spec.types
        ]


class _Checked:
    """Asks the upstream for whoever still holds the source; else raises LeaseLostError."""

    def __init__(self, pages: Pages, check: Callable[[], None]) -> None:
        self._pages = pages
        self._check = check

    async def page(self, listing: Listing, number: int) -> Page:
        """Return a page, with one request."""
        self._check()
        return await self._pages.page(listing, number)
