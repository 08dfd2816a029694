"""What a listing's share of the spare rate is spent on, and from when on; pure.

Full walks; and where an order hides changes, glances between their pages. Where nothing
changed for hours, both are put off: hundreds of listings at rest must not take a whole core.
"""

from dataclasses import dataclass, field
from datetime import datetime

from notifier.store.listings import ListingState
from notifier.store.outlooks import Outlook
from notifier.upstream.glances import (
    HOUR_MS,
    TURNS,
    TURNS_MEASURED,
    WALK_TURNS,
    Glances,
    Learnt,
)
from notifier.upstream.waiting import wait_of_pages

SMALL_SWEEP_MS = 60_000
REST_MS = HOUR_MS
# All pages are read within a sixteenth of the time in which nothing changed: the first
# change after a rest waits little, beside the rest.
REST_SHARE = 16
# Early full walks in a row have pauses between them, up to a share of the interval: leads that
# share a time of change may change places for ever, and each walk miss another one.
EARLY_PAUSE_MS = 60_000
EARLY_SHARE = 16
AWAITED_WALKS = 2  # the end of the one under way, and one that begins later
KEEP_MS = 5 * 60_000


@dataclass(slots=True, kw_only=True)
class Spare:
    """The spare turns of one listing; a ``sweep_ms`` of 0 means none but a first walk's.

    Moments are milliseconds of a clock that never jumps. ``full_due_ms`` is when the next
    full walk is due, ``None`` for never, and ``turn_due_ms`` from when on a page of one
    that is under way is wanted. ``glances`` is ``None`` where head polls see all.
    ``swept_from`` is the wall clock's time at which the last full walk began.
    """

    head_ms: int
    sweep_ms: int
    full_due_ms: int | None = None
    turn_due_ms: int = 0
    glances: Glances | None = None
    swept_from: datetime | None = None
    _is_sorted: bool = False
    _has_swept: bool = False
    _awaited_walks: int = 0
    _learnt: Learnt = field(default_factory=Learnt)
    _news_ms: int = 0
    _kept_ms: int | None = None
    _swept_ms: int = 0
    _is_early: bool = False
    _early_pause_ms: int = 0
    _turns: int = 0

    def restore(
        self,
        state: ListingState,
        outlook: Outlook,
        *,
        is_sorted: bool,
        now_ms: int,
        wall_ms: int,
    ) -> None:
        """Take up where the database says the listing was left."""
        self._learnt = Learnt.of_text(outlook.learnt)
        # A host clock set back must not put anything off for long.
        rest_ms = 0 if outlook.news_ms is None else max(wall_ms - outlook.news_ms, 0)
        self._news_ms = now_ms - rest_ms
        self._is_early = state.looks_since is not None
        if state.swept_ms is not None:
            age_ms = max(wall_ms - state.swept_ms, 0)
            self._plan(state.pages, is_sorted=is_sorted, now_ms=now_ms, age_ms=age_ms)

    def swept(
        self, pages: int, begun: datetime | None, *, is_sorted: bool, now_ms: int
    ) -> None:
        """Note that a full walk has ended, when it had begun and how many pages it found."""
        self._has_swept, self.swept_from, self._swept_ms = True, begun, now_ms
        longer_ms = max(2 * self._early_pause_ms, EARLY_PAUSE_MS) if self._is_early else 0
        self._early_pause_ms = min(longer_ms, self.sweep_ms // EARLY_SHARE)
        self._is_early = False
        self._awaited_walks = max(self._awaited_walks - 1, 0)
        self._plan(pages, is_sorted=is_sorted, now_ms=now_ms, age_ms=0)

    def _plan(self, pages: int, *, is_sorted: bool, now_ms: int, age_ms: int) -> None:
        """Set the next full walk's time, the last having ended ``age_ms`` ago."""
        self._is_sorted = is_sorted
        if not self.sweep_ms:
            return
        pause_ms = self.sweep_ms
        if not is_sorted:
            pause_ms = 0 if pages > 1 else self._small_ms(now_ms)
        self.full_due_ms = now_ms + max(pause_ms - age_ms, 0)
        if is_sorted or pages <= 1:
            self.glances = None
        elif self.glances is None:
            self.glances = Glances(pages=pages, now_ms=now_ms, learnt=self._learnt)
        else:
            self.glances.resize(pages)

    def is_full_due(self, now_ms: int) -> bool:
        """Whether a full walk is due."""
        return self.full_due_ms is not None and now_ms >= self.full_due_ms

    def hurry(self, *, now_ms: int) -> None:
        """Make a full walk due at once, or a pause after one that came early.

        None is under way.
        """
        if not self.sweep_ms:
            return
        if now_ms - self._swept_ms > 2 * self._early_pause_ms:
            self._early_pause_ms = 0
        self._is_early = True
        due_ms = max(now_ms, self._swept_ms + self._early_pause_ms)
        self.full_due_ms = due_ms if self.full_due_ms is None else min(self.full_due_ms, due_ms)
        self.turn_due_ms = min(self.turn_due_ms, now_ms)

    def takes_turn(self, *, walk_page: int, head_due_ms: int, now_ms: int) -> int | None:
        """Count a turn; return the page to glance at, ``None`` where it is the walk's."""
        if self.glances is None:
            return None
        self._turns += 1
        is_walks = self.glances.takes_turn(now_ms=now_ms)
        pages_ms = self._round_ms(now_ms) * WALK_TURNS // TURNS
        self.turn_due_ms = now_ms + pages_ms // self.glances.pages
        if is_walks:
            return None
        head_ms = max(head_due_ms - now_ms, 0)
        return self.glances.choose(walk_page=walk_page, head_ms=head_ms, now_ms=now_ms)

    def read(self, page: int, *, is_empty: bool, news: int, now_ms: int) -> None:
        """Take in that a page was read, on which so many leads had changed."""
        if news:
            self._news_ms = now_ms
            self.wake(now_ms)
        if self.glances is None or is_empty:
            return
        if page > self.glances.pages:
            self.glances.resize(page)
        self.glances.note(page, now_ms=now_ms)
        self.glances.learn(page, news=news, now_ms=now_ms)

    def leave(self, page: int, *, now_ms: int) -> None:
        """Note that a page could not be glanced at."""
        if self.glances is not None:
            self.glances.leave(page, now_ms=now_ms)

    def outlook(self, *, now_ms: int, wall_ms: int) -> Outlook | None:
        """Return what is to be kept now; ``None`` where that was done lately."""
        is_measured = self.glances is not None and self._turns >= TURNS_MEASURED
        is_new = self._kept_ms is None or now_ms - self._kept_ms >= KEEP_MS
        if self.glances is None or not (is_measured and is_new):
            return None
        rates, turn_ms = self.glances.rates(now_ms=now_ms), self.glances.turn_ms
        wait = wait_of_pages(rates, turn_ms=turn_ms, head_ms=self.head_ms)
        return Outlook(
            learnt=self.glances.learnt.as_text(),
            news_ms=wall_ms - (now_ms - self._news_ms),
            turn_ms=round(turn_ms),
            median_ms=wait.median_ms,
            p90_ms=wait.p90_ms,
        )

    def kept(self, *, now_ms: int) -> None:
        """Note that the outlook is kept."""
        self._kept_ms = now_ms

    def await_row(self, *, waits: bool, now_ms: int) -> None:
        """Note whether a lead ``waits`` for its row to be read: till then there is no rest."""
        self._awaited_walks = AWAITED_WALKS if waits else 0
        if waits:
            self.wake(now_ms)

    def wake(self, now_ms: int) -> None:
        """Want the next page at once, at rest too."""
        self.turn_due_ms = min(self.turn_due_ms, now_ms)
        if self.full_due_ms is not None and not self._is_sorted:
            self.full_due_ms = min(self.full_due_ms, now_ms + self._small_ms(now_ms))

    def _round_ms(self, now_ms: int) -> int:
        """Return how long reading all pages may take, by how long nothing changed.

        What changed while nobody looked is found without a delay.
        """
        if self._awaited_walks or not self._has_swept:
            return 0
        rest_ms = max(now_ms - self._news_ms - REST_MS, 0)
        round_ms = min(rest_ms // REST_SHARE, self.sweep_ms)
        return min(round_ms, self._early_pause_ms) if self._is_early else round_ms

    def _small_ms(self, now_ms: int) -> int:
        """Return the pause before a single page, which hides nothing until it overflows."""
        return min(max(SMALL_SWEEP_MS, self.head_ms, self._round_ms(now_ms)), self.sweep_ms)
