"""What pages are made from: lent by the service, which the pages do not know."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Protocol

from aiohttp import web
from markupsafe import Markup

from notifier.clocks import Clocks
from notifier.core.records import Source
from notifier.rules.model import Ruleset
from notifier.store.db import Store
from notifier.store.reading import Reader
from notifier.web.query_cache import QueryCache
from notifier.web.renderer import Renderer
from notifier.web.report_cache import ReportCache
from notifier.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class PageServices:
    """The service as the page sees it; ``interval_ms`` is the time between polls.

    ``rules`` are those in force, ``watched`` the sources by bot id; events are kept
    ``keep_ms``. Whoever looks waits ``patience_s`` for figures that are still being counted.
    ``rules_on_disk`` raises :class:`ConfigError`; ``sample``
    sends one to a destination and raises :class:`DeliveryError`; ``changed`` lets the lanes
    look for work; ``refresh`` lets cards show the leads under these lane keys as they are now.
    """

    store: Store
    clocks: Clocks
    zone: tzinfo
    interval_ms: int
    rules: Callable[[], Ruleset]
    rules_on_disk: Callable[[], Awaitable[Ruleset]]
    sample: Callable[[str], Awaitable[str]]
    changed: Callable[[], None]
    refresh: Callable[[Collection[str]], None] = lambda _: None
    watched: Callable[[], Mapping[str, Source]] = dict
    keep_ms: int = 90 * 86_400_000
    patience_s: float = 0.05


class FlashMessages(Protocol):
    """Keeps what the next page is to say."""

    def flash(self, visit: Visit, response: web.StreamResponse, words: str) -> None:
        """Let the next page of this session say these words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """Everything that a page may use."""

    services: PageServices
    reader: Reader
    cache: QueryCache
    reports: ReportCache
    renderer: Renderer
    flash: FlashMessages

    def page(self, template: str, visit: Visit, **values: Any) -> web.Response:
        """Return a page for who visits."""
        return self.renderer.page(template, visit, **values)

    def back(self, visit: Visit, where: str, words: str) -> web.Response:
        """Return the answer to an act: go on there, where these words are said."""
        location = where.unescape() if isinstance(where, Markup) else where
        response = web.Response(status=303, headers={"location": location})
        self.flash.flash(visit, response, words)
        return response
