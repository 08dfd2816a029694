"""What one source wants to ask for, since when, and which of its listings comes next."""

from collections.abc import Sequence
from typing import TypeAlias

from notifier.poller.listing import ListingWalks
from notifier.upstream.budget import Purpose
from notifier.upstream.walk import Walk

Next: TypeAlias = tuple[ListingWalks, Walk]
"""A walk that a page is read for, and its listing's walks."""


class Turns:
    """The listings of a source: who had a turn goes to the end.

    ``waiting`` has since when a request for each purpose has been wanted. Nothing of the
    spare rate is wanted before ``spare_ms``.
    """

    def __init__(self, listings: Sequence[ListingWalks]) -> None:
        self._listings = list(listings)
        self.waiting: dict[Purpose, int] = {}
        self.spare_ms = 0

    def wanted(self, *, now_ms: int) -> dict[Purpose, int]:
        """Return from when on the next request for each purpose is wanted, one at least.

        What is wanted now is waiting from now on.
        """
        found = dict[Purpose, int]()
        for walks in self._listings:
            walks.drop_broken(now_ms=now_ms)
            for purpose, from_ms in walks.wants(now_ms=now_ms).items():
                found[purpose] = min(found.get(purpose, from_ms), from_ms)
        if Purpose.SPARE in found:
            found[Purpose.SPARE] = max(found[Purpose.SPARE], self.spare_ms)
        self.waiting = {
            purpose: self.waiting.get(purpose, now_ms)
            for purpose, from_ms in found.items()
            if from_ms <= now_ms
        }
        return found

    def interrupt(self, *, now_ms: int) -> None:
        """Pause the walks that are under way: no page can be asked for, or kept."""
        for walks in self._listings:
            for walk in filter(None, (walks.head, walks.full)):
                walk.fail(now_ms)

    def take(self, purpose: Purpose, *, now_ms: int) -> Next | None:
        """Return what to read now that there is a turn; ``None`` where nothing is left."""
        self.waiting.pop(purpose)
        for walks in self._listings:
            walks.drop_broken(now_ms=now_ms)
            if walks.wants(now_ms=now_ms).get(purpose, now_ms + 1) <= now_ms:
                self._listings.remove(walks)
                self._listings.append(walks)
                return walks, walks.take(purpose, now_ms=now_ms)
        return None
