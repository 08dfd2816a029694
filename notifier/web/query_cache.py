"""QueryCache over everything, kept for a moment: ten open pages count them once."""

from collections.abc import Callable
from typing import TypeVar

from notifier.clocks import Clocks
from notifier.store.reading import Reader

KEPT_MS = 3_000
CHOICES_KEPT_MS = 60_000  # a new one of a list to choose from may come later

T = TypeVar("T")


class QueryCache:
    """Counts with the reader, and keeps what it counted."""

    def __init__(self, reader: Reader, clocks: Clocks) -> None:
        self._reader = reader
        self._clocks = clocks
        self._kept: dict[Callable[..., object], tuple[int, object]] = {}

    async def of(
        self, count: Callable[..., T], *, kept_ms: int = KEPT_MS, **values: object
    ) -> T:
        """Return ``count(session, **values)``, or what it was a moment ago."""
        monotonic_ms = self._clocks.monotonic_ms()
        at_ms, found = self._kept.get(count, (None, None))
        if at_ms is None or monotonic_ms - at_ms >= kept_ms:
            found = await self._reader.read(count, **values)
            self._kept[count] = (monotonic_ms, found)
        return found  # type: ignore[return-value]
