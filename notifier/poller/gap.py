"""A long time in which a listing was not read, and what it takes to make up for it.

Where no order puts a changed lead on the first page, a head poll then says little of the
leads that wait: whether somebody has them by now is known once all pages were read.
"""

from dataclasses import dataclass

from notifier.upstream.walk import MAX_PAUSE_MS


@dataclass(slots=True, kw_only=True)
class Gap:
    """Notes when a listing was read, each ``head_ms`` if all is well; pure."""

    head_ms: int
    _read_ms: int | None = None
    _owed: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether a full walk that began after the gap has yet to come to its end."""
        return self._owed is not None

    def read(self, *, at_ms: int) -> None:
        """Note that a page was read."""
        self._read_ms = at_ms

    def opens(self, *, now_ms: int, number: int) -> bool:
        """Look whether nothing was read for long; ``number`` is the last walk begun by then."""
        longest_ms = max(MAX_PAUSE_MS, 3 * self.head_ms)
        if self._read_ms is None or now_ms - self._read_ms <= longest_ms:
            return False
        self._read_ms, self._owed = None, number + 1
        return True

    def walked(self, number: int) -> None:
        """Note that the full walk of this number has read all pages."""
        if self._owed is not None and number >= self._owed:
            self._owed = None
