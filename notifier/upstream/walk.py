"""Which page to ask for next, and when a walk over the listing is at its end.

Pure: a walk is told what each page brought; it neither waits nor asks itself.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from notifier.upstream.order import OrderWitness

MAX_PAGES = 10_000
MAX_PAUSE_MS = 15 * 60 * 1000
# A poll that ends at page 2 hides nothing that page 1 does not show to the next one.
BACK_TO = 2


class WalkType(StrEnum):
    """Why a listing is walked: for what is new, for everything, for the first time.

    A glance is at one page, where a change is likely.
    """

    HEAD = "head"
    SWEEP = "sweep"
    BASELINE = "baseline"
    GLANCE = "glance"


@dataclass(slots=True, kw_only=True)
class Walk:
    """One walk: ``page`` is the next to ask for, ``None`` once the walk is complete.

    ``seen`` holds the ids met so far, ``twice`` those met on several pages, ``pages``
    the deepest page that brought a new one, ``begun`` and ``asked`` the wall clock's time
    of the first request and of the last, and ``capped`` says that the listing had no end
    within ``max_pages``.
    ``returned`` says that it met a record which the last full walk had not found.
    ``turns_back``: a head poll reads what lies between its last page and its first once
    more, backwards. A deletion lets rows move up, over an edge to a page already read;
    on the way back they are met. Those that reach page 1 meet the next poll. Where a page
    has wholly changed since, what changed may reach below it: those after it are read, too,
    as long as they have.
    """

    type: WalkType
    number: int
    max_pages: int = MAX_PAGES
    page: int | None = 1
    pages: int = 0
    begun: datetime | None = None
    asked: datetime | None = None
    capped: bool = False
    returned: bool = False
    turns_back: bool = False
    seen: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    witness: OrderWitness = field(default_factory=OrderWitness)
    _deepest: int = 0
    _failed_page: int = 0
    _paused_ms: int | None = None
    _owes_look_back: bool = False
    _looks_back: bool = False
    _after_look: int | None = None
    _fresh_pages: int = 0
    _stale_pages: int = 0
    _stale_ids: frozenset[str] | None = None
    _is_back: bool = False
    _turned_at: int = 0

    @property
    def done(self) -> bool:
        """Whether the walk is complete."""
        return self.page is None

    @property
    def ends_if_held(self) -> bool:
        """Whether the next page is a head poll's last if nothing on it is new."""
        goes_back = self.turns_back and max(self._deepest, self.page or 0) > BACK_TO
        looks_back = self._owes_look_back or self._looks_back
        return self.type is WalkType.HEAD and not (goes_back or looks_back)

    def advance(
        self, ids: Collection[str], *, all_held: bool, all_changed: bool = False
    ) -> None:
        """Take in a page that was read and committed; ``ids`` are all of its rows'.

        ``all_held``: it has a readable row, and all of those were held, unchanged,
        by the last completed walk. That ends a head poll, and nothing else.
        ``all_changed``: not one of its rows is as it was read last.
        """
        assert self.page is not None
        if self.type is WalkType.GLANCE:
            self.page = None
            return
        if self.page >= self._failed_page:
            # Not sooner: the page before the one that fails may well be read.
            self._paused_ms, self._failed_page = None, 0
        if self._looks_back:
            self._looks_back, self.page = False, self._after_look
            self.seen.update(ids)
            return
        read = self.page
        self.page = self._after(read, ids, all_held=all_held, all_changed=all_changed)
        if self._owes_look_back and self._paused_ms is None:
            self._owes_look_back = False
            # The way back leads there anyway.
            self._looks_back = read > 1 and not self._is_back
        if self._looks_back:
            self._after_look, self.page = self.page, read - 1

    def fail(self, now_ms: int) -> None:
        """Pause at a page that could not be read; the walk goes on one page earlier.

        Rows move up while a walk waits, over the edge to a page already read. Where the
        page fails again, the one before it is read once more after it: were it read before
        each attempt, one request in two that fails would keep a walk at its place. Where that
        look back fails, the page after it is looked behind, too.
        """
        if self.page is None:
            return
        steps_back = self._paused_ms is None and not (self._is_back or self._looks_back)
        self._owes_look_back |= self._looks_back or self.page == self._failed_page
        if self._paused_ms is None:
            self._paused_ms, self._failed_page = now_ms, self.page
        if steps_back:
            self.page = max(1, self.page - 1)

    def is_broken(self, now_ms: int) -> bool:
        """Whether the walk has paused for too long to go on: drop it, begin another.

        ``now_ms`` here and in :meth:`fail` is of one clock that never jumps.
        """
        return self._paused_ms is not None and now_ms - self._paused_ms > MAX_PAUSE_MS

    def _after(
        self, page: int, ids: Collection[str], *, all_held: bool, all_changed: bool
    ) -> int | None:
        """Return the page to read after this one, ``None`` at the end."""
        beyond = page > self._deepest
        if beyond:
            self.twice |= self.seen.intersection(ids)
        self._deepest = max(self._deepest, page)
        if self._is_back:
            self.seen.update(ids)
            return self._on_the_way_back(page, all_changed=all_changed)
        ended = self._ends(frozenset(ids), beyond=beyond)
        if ended or (all_held and self.type is WalkType.HEAD):
            self._is_back = self.turns_back and self._deepest > BACK_TO
            if self._is_back:  # a page beyond, which failed, is read no more
                self._paused_ms, self._failed_page = None, 0
            return self._deepest - 1 if self._is_back else None
        self.capped = page >= self.max_pages
        return None if self.capped else page + 1

    def _on_the_way_back(self, page: int, *, all_changed: bool) -> int | None:
        """Return the page after this one, ``None`` at the end of the way."""
        if all_changed and page < self.max_pages:
            self._turned_at = self._turned_at or page
            return page + 1
        turned_at, self._turned_at = self._turned_at, 0
        before = page - 1
        if before == turned_at:  # it was read just now
            before -= 1
        return before if before >= BACK_TO else None

    def _ends(self, ids: frozenset[str], *, beyond: bool) -> bool:
        """Whether the listing ended at this page: empty, or no id unseen in this walk.

        A page of known ids is confirmed by the next. It may be a listing that
        repeats its last page for ever, but also one that grew by a page while
        we walked, and what follows is then unread. A page read again after a
        pause proves neither. Growth of up to half a page per request is
        outrun within twice the pages that brought anything.
        """
        if not ids:
            return True
        if not ids <= self.seen:
            self.seen.update(ids)
            self.pages = self._deepest
            self._fresh_pages += 1
            self._stale_pages, self._stale_ids = 0, None
            return False
        if not beyond:
            return False
        repeated = ids == self._stale_ids
        self._stale_pages, self._stale_ids = self._stale_pages + 1, ids
        return repeated or self._stale_pages > 2 * self._fresh_pages
