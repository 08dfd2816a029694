"""The walks of one listing: which is due, which goes on. Pure but for its own state."""

from dataclasses import InitVar, dataclass, field
from datetime import timedelta
from typing import TypeAlias

from notifier.poller.heads import HeadTimes
from notifier.poller.spare import Spare
from notifier.store.listings import ListingState
from notifier.store.outlooks import Outlook
from notifier.transactions.polls import CompletedWalk, WalkEnd
from notifier.upstream.budget import Purpose
from notifier.upstream.client import Listing
from notifier.upstream.order import KEYS, Order, OrderWitness, settled
from notifier.upstream.walk import MAX_PAGES, Walk, WalkType

ListingKey: TypeAlias = tuple[str, str]
"""A bot's id, and which of its listings."""


def purpose_of(walk: Walk) -> Purpose:
    """Return what the walk's pages are asked for."""
    return Purpose.HEAD if walk.type is WalkType.HEAD else Purpose.SPARE


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

    Moments are milliseconds of a clock that never jumps; ``head_due_ms`` is the first
    head poll's. ``full`` is a baseline or a sweep. Where ``order`` is not newest change
    first, head polls alone would miss changes, so that sweeps follow each other without a
    pause, with glances between their pages. ``stuck`` has, by what it was asked for, the
    deepest page that failed and has not been read since.
    """

    listing: Listing
    intervals: Intervals
    head_due_ms: InitVar[int] = 0
    number: int = 0
    head: Walk | None = None
    full: Walk | None = None
    has_baseline: bool = False
    order: Order = Order.UNKNOWN
    stuck: dict[Purpose, int] = field(default_factory=dict)
    heads: HeadTimes = field(init=False)
    spare: Spare = field(init=False)
    _twice: frozenset[str] = frozenset()

    def __post_init__(self, head_due_ms: int) -> None:
        head_ms, sweep_ms = self.intervals.head_ms, self.intervals.sweep_ms
        self.heads = HeadTimes(interval_ms=head_ms, due_ms=head_due_ms)
        self.spare = Spare(head_ms=head_ms, sweep_ms=sweep_ms)

    def restore(
        self, state: ListingState, outlook: Outlook, *, now_ms: int, wall_ms: int
    ) -> None:
        """Take up where the database says the listing was left."""
        self.number = state.last_walk
        self.has_baseline = state.baseline_done_ms is not None
        known = state.walk_order in tuple(Order)  # else the file is damaged
        self.order = Order(state.walk_order) if known else Order.UNKNOWN
        self.spare.restore(
            state, outlook, is_sorted=self._sorted, now_ms=now_ms, wall_ms=wall_ms
        )

    @property
    def key(self) -> ListingKey:
        """What stays of a listing whatever its source is called."""
        return self.listing.source.bot_id, self.listing.listing_type

    def wants(self, *, now_ms: int) -> dict[Purpose, int]:
        """Return from when on a page is wanted, by what for; begins the walks that are due.

        This alone says what is due, and when something will be: were these two to
        differ, a poller would ask for ever, without a pause.
        """
        if not self.has_baseline:
            self.full = self.full or self._begin(WalkType.BASELINE)
            return {Purpose.SPARE: now_ms}
        full_due_ms = self.spare.full_due_ms
        if self.head is None:
            # A sweep begins while no head poll is under way: what an earlier walk
            # has left open is then left open for good, and the sweep covers it.
            if self.full is None and self.spare.is_full_due(now_ms):
                self.full = self._begin(WalkType.SWEEP)
            if now_ms >= self.heads.next_ms:
                self.head = self._begin(WalkType.HEAD)
                self.heads.begin(now_ms=now_ms)
        wanted = {Purpose.HEAD: self.heads.next_ms if self.head is None else now_ms}
        if self.full is not None:
            wanted[Purpose.SPARE] = self.spare.turn_due_ms
        elif self.head is None and full_due_ms is not None:
            wanted[Purpose.SPARE] = full_due_ms
        return wanted

    def take(self, purpose: Purpose, *, now_ms: int) -> Walk:
        """Return the walk whose page a turn is used for, once :meth:`wants` has begun it."""
        walk = self.head if purpose is Purpose.HEAD else self.full
        assert walk is not None
        if walk.type is not WalkType.SWEEP:
            return walk
        assert walk.page is not None
        page = self.spare.takes_turn(
            walk_page=walk.page, head_due_ms=self.heads.next_ms, now_ms=now_ms
        )
        if page is None:
            return walk
        # The number after a sweep's is its glances'.
        return Walk(
            type=WalkType.GLANCE,
            number=walk.number + 1,
            page=page,
            seen=set(self._twice | walk.twice),
        )

    def only(self, *, now_ms: int) -> Walk:
        """Begin the one walk that a single round consists of; a full one covers a head's."""
        if not self.has_baseline:
            self.full = self._begin(WalkType.BASELINE)
        elif self.spare.is_full_due(now_ms) or (self._sweeps and not self._sorted):
            self.full = self._begin(WalkType.SWEEP)
        else:
            self.head = self._begin(WalkType.HEAD)
            return self.head
        return self.full

    def resumes_ms(self) -> int:
        """Return the ``head_due_ms`` with which another takes up these polls.

        A poll that is cut off, or was asked for, is due before that, at once.
        """
        is_owed = self.head is not None or self.heads.poke_due_ms is not None
        return self.heads.due_ms - self.intervals.head_ms * is_owed

    def failed(self, walk: Walk, *, now_ms: int) -> None:
        """Note that the walk's next page could not be read."""
        page, purpose = walk.page or 0, purpose_of(walk)
        if walk.type is WalkType.GLANCE:
            self.spare.leave(page, now_ms=now_ms)
            return
        self.stuck[purpose] = max(self.stuck.get(purpose, 0), page)
        walk.fail(now_ms)

    def read(self, walk: Walk, page: int) -> None:
        """Note that the walk has taken in ``page``: the failing one, or one behind it.

        What walks for another purpose read, and glances, tells of their page alone.
        """
        own, is_whole = purpose_of(walk), walk.type is not WalkType.GLANCE
        self.stuck = {
            purpose: stuck
            for purpose, stuck in self.stuck.items()
            if page != stuck
            and not (purpose is own and is_whole and (walk.done or page > stuck))
        }

    def drop_broken(self, *, now_ms: int) -> None:
        """Give up walks that were interrupted for too long; others begin at once."""
        if self.head is not None and self.head.is_broken(now_ms):
            self.head = None
            self.heads.owe()
        if self.full is not None and self.full.is_broken(now_ms):
            self.full = None
            self.spare.wake(now_ms)

    def left_done(self) -> tuple[Walk, ...]:
        """Return the walks that are done, and could not be put away."""
        return tuple(walk for walk in (self.head, self.full) if walk is not None and walk.done)

    def completed(self, walk: Walk, witness: OrderWitness) -> CompletedWalk:
        """Return what is stored at the end of this walk, once ``witness`` has seen it all."""
        order = self._order_after(walk.type, witness)
        return CompletedWalk(
            source=self.listing.source,
            listing_type=self.listing.listing_type,
            number=walk.number,
            is_full=walk.type is not WalkType.HEAD,
            begun=walk.begun,
            tells_all=order.newest_change_first or not self._sweeps,
            swept=self.spare.swept_from,
            new_order=None if order is self.order else order,
            pages=walk.pages,
            capped=walk.capped,
            seen=walk.seen,
        )

    def _order_after(self, walk_type: WalkType, witness: OrderWitness) -> Order:
        """Return the order to go by once the walk that ``witness`` saw is complete.

        A head poll sees few rows: it can refute what a full walk has found, but
        not replace it.
        """
        if walk_type is not WalkType.HEAD or (self._sorted and witness.refutes(self.order)):
            return settled(self.order, witness.order())
        return self.order

    def finish(self, walk: Walk, *, now_ms: int, ended: WalkEnd) -> None:
        """Put a completed walk away and set the next one's time.

        The next sweep comes early where a head poll met leads that the last one did not find,
        or rows out of order, and where a sweep missed a lead and has to look ``again``.
        There is no rest while a lead ``waits`` to be read.
        """
        before = self._sorted
        self.order = self._order_after(walk.type, walk.witness)
        if walk is self.full:
            self.full, self.has_baseline = None, True
            self._twice = frozenset(walk.twice)
            self.spare.swept(walk.pages, walk.begun, is_sorted=self._sorted, now_ms=now_ms)
            if ended.again:
                self.spare.hurry(now_ms=now_ms)
            return
        self.head = None
        if self.full is None and (walk.returned or before is not self._sorted):
            self.spare.hurry(now_ms=now_ms)
        self.spare.await_row(now_ms=now_ms, waits=ended.waits)

    def _begin(self, walk_type: WalkType) -> Walk:
        self.number += 1
        walk = Walk(
            type=walk_type,
            number=self.number,
            max_pages=self.intervals.max_pages,
            # All that a head poll can do is to refute the one order that it relies on.
            witness=OrderWitness((Order.UPDATED_DESC,) if walk_type is WalkType.HEAD else KEYS),
            # In any other order full walks find it, one after the other.
            turns_back=walk_type is WalkType.HEAD and self._sorted,
        )
        self.number += walk_type is WalkType.SWEEP  # for its glances
        return walk

    @property
    def _sorted(self) -> bool:
        return self.order.newest_change_first

    @property
    def _sweeps(self) -> bool:
        return self.intervals.sweep_ms > 0
