"""The walks of one listing: which is due, which goes on. Pure but for its own state."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifier.store.snapshots import ListingState
from notifier.upstream.client import Listing
from notifier.upstream.order import Order, OrderWitness, settled
from notifier.upstream.walk import Walk, WalkKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """How often a listing is walked; a ``sweep_ms`` of 0 means never."""

    head_ms: int
    sweep_ms: int
    first_run: timedelta | None


@dataclass(slots=True, kw_only=True)
class ListingWalks:
    """One listing's walks under way, and when the next are due.

    Moments are milliseconds of a clock that never jumps. ``full`` is a baseline
    or a sweep. Where ``order`` is not newest change first, head polls alone would
    miss changes, so that sweeps follow each other without a pause.
    """

    listing: Listing
    intervals: Intervals
    number: int = 0
    head: Walk | None = None
    full: Walk | None = None
    head_begun: datetime | None = None  # on the wall clock
    head_due_ms: int = 0
    full_due_ms: int | None = None
    has_baseline: bool = False
    order: Order = Order.UNKNOWN
    witness: OrderWitness = field(default_factory=OrderWitness)

    def restore(self, state: ListingState, *, now_ms: int, wall_ms: int) -> None:
        """Take up where the database says the listing was left."""
        self.number = state.last_walk
        self.has_baseline = state.baseline_done_ms is not None
        self.order = Order(state.walk_order)
        if self.has_baseline and self._sweeps_on(state.pages):
            self.full_due_ms = now_ms
        elif self.intervals.sweep_ms and state.swept_ms is not None:
            # A host clock set back must not put the next sweep off for long.
            age_ms = max(wall_ms - state.swept_ms, 0)
            self.full_due_ms = now_ms + max(self.intervals.sweep_ms - age_ms, 0)

    def due(self, *, now_ms: int) -> Walk | None:
        """Return the walk whose next page is to be asked for now, heads first."""
        if not self.has_baseline:
            self.full = self.full or self._begin(WalkKind.BASELINE)
            return self.full
        if self.head is None and now_ms >= self.head_due_ms:
            self.head = self._begin(WalkKind.HEAD)
            self.head_due_ms = now_ms + self.intervals.head_ms
        if self.head is not None:
            return self.head
        if self.full is None and self._sweep_is_due(now_ms):
            self.full = self._begin(WalkKind.SWEEP)
        return self.full

    def next_ms(self) -> int:
        """Return when :meth:`due` may have something again, nothing being under way."""
        if self.full_due_ms is None:
            return self.head_due_ms
        return min(self.head_due_ms, self.full_due_ms)

    @property
    def idle(self) -> bool:
        """Whether no walk is under way."""
        return self.head is None and self.full is None

    def drop_broken(self, *, now_ms: int) -> None:
        """Give up walks that were interrupted for too long; others begin at once."""
        for walk in (self.head, self.full):
            if walk is not None and walk.is_broken(now_ms):
                self._drop(walk, now_ms)

    def finish(self, walk: Walk, *, now_ms: int) -> None:
        """Put a completed walk away and set the next one's time."""
        if walk is self.head:
            self.head = None
            return
        self.full, self.has_baseline = None, True
        self.order = settled(self.order, self.witness.order())
        self.witness = OrderWitness()
        if walk.kind is WalkKind.BASELINE:
            self.head_due_ms = now_ms
        if self._sweeps_on(walk.pages):
            self.full_due_ms = now_ms
        elif self.intervals.sweep_ms:
            self.full_due_ms = now_ms + self.intervals.sweep_ms
        else:
            self.full_due_ms = None

    def _drop(self, walk: Walk, now_ms: int) -> None:
        if walk is self.head:
            self.head, self.head_due_ms = None, now_ms
        else:
            self.full, self.witness = None, OrderWitness()
            if self.has_baseline:
                self.full_due_ms = now_ms

    def _begin(self, kind: WalkKind) -> Walk:
        self.number += 1
        return Walk(kind=kind, number=self.number)

    def _sweeps_on(self, pages: int) -> bool:
        """Whether changes may hide from head polls; on a single page nothing can."""
        # The empty page that proves the end is counted too.
        hidden = not self.order.newest_change_first and pages > 2
        return hidden and self.intervals.sweep_ms > 0

    def _sweep_is_due(self, now_ms: int) -> bool:
        return self.full_due_ms is not None and now_ms >= self.full_due_ms
