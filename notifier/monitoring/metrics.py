"""What is counted as it happens, for Prometheus; nothing here is global.

What the database knows anyway is in :mod:`notifier.monitoring.gauges`.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, Info
from prometheus_client.process_collector import ProcessCollector

from notifier import __version__
from notifier.core.outcome import State
from notifier.core.rows import moment_of
from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamRefusedError
from notifier.store.claims import Claimed
from notifier.transactions.turn import Turn
from notifier.upstream.client import Listing
from notifier.upstream.page import Page

DELAY_BUCKETS_S = (1, 2.5, 5, 10, 15, 20, 30, 45, 60, 120, 300, 900, 3600, 21_600, 86_400)
REQUEST_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)
# An upstream clock further off than this, or a change of an old lead that left
# its `updatedAt` alone, says nothing of us.
BELIEVED_LAG_S = 24 * 60 * 60


class Meters:
    """The counters of one run, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Info("notifier_build", "The program that runs", registry=self.registry).info(
            {"version": __version__}
        )
        self.polls = self._counter("polls", "Walks begun: first pages asked for", "type")
        self.requests = self._counter(
            "upstream_requests", "Requests to the listing by how they ended", "type", "result"
        )
        self.records = self._counter("records_read", "Records read, changed or not", "type")
        self.request_s = Histogram(
            "notifier_upstream_request_duration_seconds",
            "Time from a request to the end of its answer",
            ["source"],
            buckets=REQUEST_BUCKETS_S,
            registry=self.registry,
        )
        self.events = Counter(
            "notifier_events", "Events stored", ["type"], registry=self.registry
        )
        self.deliveries = Counter(
            "notifier_deliveries",
            "Attempts recorded: delivered, retried, dead or skipped",
            ["destination", "result"],
            registry=self.registry,
        )
        self.delay_s = Histogram(
            "notifier_change_to_delivery_seconds",
            "Time from a change at BotPenguin to its delivery, unless held on purpose",
            ["destination"],
            buckets=DELAY_BUCKETS_S,
            registry=self.registry,
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"notifier_{name}", text, ["source", *labels], registry=self.registry)

    def asked(self, listing: Listing, number: int) -> None:
        """Count a request about to be made."""
        if number == 1:
            self.polls.labels(listing.source.name, listing.listing_type).inc()

    def answered(self, listing: Listing, page: Page, took_s: float) -> None:
        """Count a good answer."""
        name = listing.source.name
        self.requests.labels(name, listing.listing_type, "ok").inc()
        self.records.labels(name, listing.listing_type).inc(len(page.rows) + len(page.bad))
        self.request_s.labels(name).observe(took_s)

    def failed(self, listing: Listing, error: UpstreamError) -> None:
        """Count a request that brought nothing."""
        self.requests.labels(listing.source.name, listing.listing_type, _result(error)).inc()

    def turned(self, destination: str, turn: Turn) -> None:
        """Count what a lane's turn recorded."""
        for claimed, outcome in turn.ended:
            retried = outcome.state is State.PENDING
            result = "retried" if retried else outcome.state.value
            self.deliveries.labels(destination, result).inc()
            if outcome.state is State.DELIVERED and claimed.held is None:
                delay_s = change_to_delivery_s(claimed, delivered_ms=outcome.at_ms)
                self.delay_s.labels(destination).observe(delay_s)

    def told(self, event_type: str, count: int) -> None:
        """Count stored events."""
        self.events.labels(event_type).inc(count)


def change_to_delivery_s(claimed: Claimed, *, delivered_ms: int) -> float:
    """Return the seconds from the change to its delivery, at least 0.

    From the upstream's own time of the change, where that can be believed;
    else from when the change was first seen.
    """
    event = claimed.event
    observed = datetime.fromisoformat(event.data.observed_at)
    changed = datetime.fromisoformat(event.time)
    if not 0 <= (observed - changed).total_seconds() <= BELIEVED_LAG_S:
        changed = observed
    delivered = moment_of(delivered_ms)
    return max((delivered - changed).total_seconds(), 0.0)


def _result(error: UpstreamError) -> str:
    match error:
        case UpstreamPausedError():
            return "paused"
        case UpstreamRefusedError():
            return "refused"
        case _:
            return "failed"
