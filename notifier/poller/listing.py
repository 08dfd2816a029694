"""The walks of one listing: which is due, which goes on. Pure but for its own state."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from notifier.store.snapshots import ListingState
from notifier.transactions.polls import CompletedWalk
from notifier.upstream.budget import Purpose
from notifier.upstream.client import Listing
from notifier.upstream.order import KEYS, Order, OrderWitness, settled
from notifier.upstream.walk import MAX_PAGES, Walk, WalkKind

SMALL_SWEEP_MS = 60_000
START_STEP_MS = 20
POKE_STEP_MS = 1_000  # between two head polls that somebody asked for

ListingKey: TypeAlias = tuple[str, str]
"""A bot's id, and which of its listings."""


def first_polls(count: int, *, now_ms: int, interval_ms: int) -> list[int]:
    """Return when to poll each of ``count`` sources first.

    The first source at once, the others evenly after it: at one instant they would
    crowd out each other, at every interval anew. All within one interval.
    """
    step_ms = min(START_STEP_MS, interval_ms / max(count, 1))
    return [now_ms + int(place * step_ms) for place in range(count)]


def purpose_of(walk: Walk) -> Purpose:
    """Return what the walk's pages are asked for."""
    return Purpose.HEAD if walk.kind is WalkKind.HEAD else Purpose.SPARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """How often a listing is walked, and how far; a ``sweep_ms`` of 0 means never."""

    head_ms: int
    sweep_ms: int
    first_run: timedelta | None
    max_pages: int = MAX_PAGES


@dataclass(slots=True, kw_only=True, eq=False)
class ListingWalks:
    """One listing's walks under way, and when the next are due.

    Moments are milliseconds of a clock that never jumps. ``head_due_ms`` is at
    first the moment from which head polls keep their distance, however long each
    takes; one that is past already is due. ``full`` is a baseline
    or a sweep. Where ``order`` is not newest change first, head polls alone would
    miss changes, so that sweeps follow each other without a pause. ``stuck`` is
    the deepest page that failed and has not been read since; 0 for none.
    ``poke_due_ms`` is when a head poll that somebody asked for is due, beside those
    at fixed distances.
    """

    listing: Listing
    intervals: Intervals
    number: int = 0
    head: Walk | None = None
    full: Walk | None = None
    head_due_ms: int = 0
    full_due_ms: int | None = None
    has_baseline: bool = False
    order: Order = Order.UNKNOWN
    stuck: int = 0
    poke_due_ms: int | None = None
    _next_poke_ms: int = 0

    def restore(self, state: ListingState, *, now_ms: int, wall_ms: int) -> None:
        """Take up where the database says the listing was left."""
        self.number = state.last_walk
        self.has_baseline = state.baseline_done_ms is not None
        known = state.walk_order in tuple(Order)  # else the file is damaged
        self.order = Order(state.walk_order) if known else Order.UNKNOWN
        if state.swept_ms is not None:
            # A host clock set back must not put the next sweep off for long.
            age_ms = max(wall_ms - state.swept_ms, 0)
            self.full_due_ms = self._next_sweep_ms(now_ms, state.pages, age_ms=age_ms)

    @property
    def key(self) -> ListingKey:
        """What stays of a listing whatever its source is called."""
        return self.listing.source.bot_id, self.listing.kind

    def due(self, *, now_ms: int) -> tuple[Walk, ...]:
        """Return the walks whose next page may be asked for now, a head poll first."""
        if not self.has_baseline:
            self.full = self.full or self._begin(WalkKind.BASELINE)
        elif self.head is None:
            # A sweep begins while no head poll is under way: what an earlier walk
            # has left open is then left open for good, and the sweep covers it.
            if self.full is None and self._sweep_is_due(now_ms):
                self.full = self._begin(WalkKind.SWEEP)
            if now_ms >= self.next_head_ms:
                self.head = self._begin(WalkKind.HEAD)
                self._skip_head(now_ms)
        return tuple(walk for walk in (self.head, self.full) if walk is not None)

    def only(self, *, now_ms: int) -> Walk:
        """Begin the one walk that a single round consists of; a full one covers a head's."""
        if not self.has_baseline:
            self.full = self._begin(WalkKind.BASELINE)
        elif self._sweep_is_due(now_ms) or (self._sweeps and not self._sorted):
            self.full = self._begin(WalkKind.SWEEP)
        else:
            self.head = self._begin(WalkKind.HEAD)
            return self.head
        return self.full

    def poke(self, *, now_ms: int) -> bool:
        """Make a head poll due; False where one is, or soon will be.

        At once, though not within a second of the last one that was asked for. A head
        poll that is under way may have read page 1 already: another one follows it.
        """
        if self.poke_due_ms is not None:
            return False
        self.poke_due_ms = max(now_ms, self._next_poke_ms)
        return True

    def resumes_ms(self) -> int:
        """Return the ``head_due_ms`` with which another takes up these polls.

        A poll that is cut off, or was asked for, is due before that, at once.
        """
        is_owed = self.head is not None or self.poke_due_ms is not None
        return self.head_due_ms - self.intervals.head_ms * is_owed

    @property
    def next_head_ms(self) -> int:
        """When the next head poll is due."""
        if self.poke_due_ms is None:
            return self.head_due_ms
        return min(self.head_due_ms, self.poke_due_ms)

    def next_ms(self) -> int:
        """Return when :meth:`due` may have something again, nothing being under way."""
        if self.full_due_ms is None:
            return self.next_head_ms
        return min(self.next_head_ms, self.full_due_ms)

    def failed(self, walk: Walk, *, now_ms: int) -> None:
        """Note that the walk's next page could not be read."""
        self.stuck = max(self.stuck, walk.page or 0)
        walk.fail(now_ms)

    def read(self, walk: Walk, page: int) -> None:
        """Note that the walk has taken in ``page``; before the failing one proves nothing."""
        if walk.done or page >= self.stuck:
            self.stuck = 0

    def drop_broken(self, *, now_ms: int) -> None:
        """Give up walks that were interrupted for too long; others begin at once."""
        if self.head is not None and self.head.is_broken(now_ms):
            self.head = None
            self.head_due_ms -= self.intervals.head_ms
        if self.full is not None and self.full.is_broken(now_ms):
            self.full, self.full_due_ms = None, now_ms

    def left_done(self) -> tuple[Walk, ...]:
        """Return the walks that are done, and could not be put away."""
        return tuple(walk for walk in (self.head, self.full) if walk is not None and walk.done)

    def completed(self, walk: Walk, witness: OrderWitness) -> CompletedWalk:
        """Return what is stored at the end of this walk, once ``witness`` has seen it all."""
        order = self._order_after(walk.kind, witness)
        return CompletedWalk(
            source=self.listing.source,
            listing_type=self.listing.kind,
            number=walk.number,
            is_full=walk.kind is not WalkKind.HEAD,
            begun=walk.begun,
            new_order=None if order is self.order else order,
            pages=walk.pages,
            capped=walk.capped,
            seen=walk.seen,
        )

    def _order_after(self, kind: WalkKind, witness: OrderWitness) -> Order:
        """Return the order to go by once the walk that ``witness`` saw is complete.

        A head poll sees few rows: it can refute what a full walk has found, but
        not replace it.
        """
        if kind is not WalkKind.HEAD or (self._sorted and witness.refutes(self.order)):
            return settled(self.order, witness.order())
        return self.order

    def finish(self, walk: Walk, *, now_ms: int) -> None:
        """Put a completed walk away and set the next one's time.

        Where a head poll met leads that the last sweep did not find, or rows out
        of order, there is more behind them: the next sweep is due now.
        """
        before = self._sorted
        self.order = self._order_after(walk.kind, walk.witness)
        if walk is self.full:
            self.full, self.has_baseline = None, True
            self.full_due_ms = self._next_sweep_ms(now_ms, walk.pages)
            return
        self.head = None
        if self._sweeps and (walk.returned or before is not self._sorted):
            self.full_due_ms = now_ms

    def _begin(self, kind: WalkKind) -> Walk:
        self.number += 1
        # All that a head poll can do is to refute the one order that it relies on.
        keys = (Order.UPDATED_DESC,) if kind is WalkKind.HEAD else KEYS
        return Walk(
            kind=kind,
            number=self.number,
            max_pages=self.intervals.max_pages,
            witness=OrderWitness(keys),
        )

    def _skip_head(self, now_ms: int) -> None:
        """Set the next head poll's time: of those missed in a pause none is made up for."""
        if self.poke_due_ms is not None:
            self.poke_due_ms, self._next_poke_ms = None, now_ms + POKE_STEP_MS
        if now_ms >= self.head_due_ms:
            interval_ms = self.intervals.head_ms
            missed = (now_ms - self.head_due_ms) // interval_ms
            self.head_due_ms += (1 + missed) * interval_ms

    @property
    def _sorted(self) -> bool:
        return self.order.newest_change_first

    @property
    def _sweeps(self) -> bool:
        return self.intervals.sweep_ms > 0

    def _next_sweep_ms(self, now_ms: int, pages: int, *, age_ms: int = 0) -> int | None:
        """Return when to sweep again, ``age_ms`` after the last sweep ended."""
        if not self._sweeps:
            return None
        pause_ms = self.intervals.sweep_ms
        if not self._sorted:
            # A single page hides nothing until it overflows: no need to hurry.
            small_ms = max(SMALL_SWEEP_MS, self.intervals.head_ms)
            pause_ms = 0 if pages > 1 else min(pause_ms, small_ms)
        return now_ms + max(pause_ms - age_ms, 0)

    def _sweep_is_due(self, now_ms: int) -> bool:
        return self.full_due_ms is not None and now_ms >= self.full_due_ms
