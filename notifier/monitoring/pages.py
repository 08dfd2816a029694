"""Counts and times requests to the upstream."""

from collections.abc import Callable
from typing import Protocol

from notifier.errors import UpstreamError
from notifier.monitoring.metrics import Meters
from notifier.upstream.client import Listing
from notifier.upstream.page import Page


class Pages(Protocol):
    """Asks for pages: :class:`notifier.upstream.client.Client`."""

    async def page(self, listing: Listing, number: int) -> Page:
        """Return a page, with one request; raises UpstreamError."""
        ...


class MeteredPages:
    """Counts and times what another client is asked; changes nothing of it."""

    def __init__(self, pages: Pages, meters: Meters, *, clock_ms: Callable[[], int]) -> None:
        self._pages = pages
        self._meters = meters
        self._clock_ms = clock_ms

    async def page(self, listing: Listing, number: int) -> Page:
        """Return the page; raises what the client raises."""
        begun_ms = self._clock_ms()
        self._meters.asked(listing, number)
        try:
            page = await self._pages.page(listing, number)
        except UpstreamError as error:
            self._meters.failed(listing, error)
            raise
        self._meters.answered(listing, page, (self._clock_ms() - begun_ms) / 1000)
        return page
