"""The page as a whole: its routes behind its guard. Loaded where a password is set."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Self, TypeAlias

from aiohttp import web

from notifier.store import signing
from notifier.store.reading import Reader
from notifier.web import (
    acts,
    deliveries,
    delivery,
    destinations,
    lead,
    lead_acts,
    leads,
    login,
    now,
    response,
    rules,
)
from notifier.web.changes import Changes
from notifier.web.context import PageContext, PageServices
from notifier.web.files import Files
from notifier.web.guard import LOGIN, LOGOUT, VISIT, Guard
from notifier.web.login import Login
from notifier.web.names import Names
from notifier.web.query_cache import QueryCache
from notifier.web.renderer import Renderer
from notifier.web.report_cache import ReportCache
from notifier.web.sessions import Role, Sessions
from notifier.web.visit import Visit

Page: TypeAlias = Callable[[PageContext, Visit], Awaitable[web.StreamResponse]]

SEEN: Mapping[str, Page] = {
    "/": now.show,
    "/leads": leads.show,
    "/leads.csv": leads.sheet,
    "/leads/{bot_id}/{lead_id}": lead.show,
    "/deliveries": deliveries.show,
    "/deliveries/{id}": delivery.show,
    "/response": response.show,
    "/response.csv": response.sheet,
    "/rules": rules.show,
    "/destinations": destinations.show,
    "/acts": acts.show,
    LOGOUT: login.ask_to_leave,
}
"""Pages that are looked at, and change nothing."""

DONE: Mapping[str, Page] = {
    "/leads/{bot_id}/{lead_id}/take": lead_acts.take,
    "/leads/{bot_id}/{lead_id}/release": lead_acts.release,
    "/leads/{bot_id}/{lead_id}/snooze": lead_acts.snooze,
    "/deliveries/retry": deliveries.retry,
    "/deliveries/skip": deliveries.skip,
    "/deliveries/{id}/retry": delivery.retry,
    "/deliveries/{id}/skip": delivery.skip,
    "/rules": rules.attempt,
    "/rules/{name}/mute": rules.mute,
    "/rules/{name}/unmute": rules.unmute,
    "/destinations/{name}/enable": destinations.enable,
    "/destinations/{name}/disable": destinations.disable,
    "/destinations/{name}/sample": destinations.sample,
    "/destinations/{name}/mute": destinations.mute,
    "/destinations/{name}/unmute": destinations.unmute,
    LOGOUT: login.leave,
}
"""What the forms of pages do."""


class Site:
    """Routes and their guard, for the server that they are mounted on."""

    def __init__(self, context: PageContext, guard: Guard) -> None:
        self._context = context
        self._guard = guard

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, services: PageServices, *, names: Names, passwords: Mapping[Role, str]
    ) -> AsyncIterator[Self]:
        """Open what pages read from, and close it at the end."""
        reader, reports = Reader(services.store.engine), ReportCache(services.clocks)
        try:
            secret = await services.store.run(signing.secret)
            renderer = Renderer(zone=services.zone, now_ms=services.clocks.now_ms)
            guard = Guard(
                names=names,
                sessions=Sessions(secret, dict(passwords)),
                reader=reader,
                renderer=renderer,
                now_ms=services.clocks.now_ms,
            )
            context = PageContext(
                services=services,
                reader=reader,
                cache=QueryCache(reader, services.clocks),
                reports=reports,
                renderer=renderer,
                flash=guard,
            )
            yield cls(context, guard)
        finally:
            await reports.close()
            reader.close()

    @web.middleware
    async def guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Let a request pass, or not: see :class:`Guard`."""
        return await self._guard.answered(request, handler)

    def routes(self) -> list[web.RouteDef]:
        """Return all that is served."""
        login = Login(self._guard, self._context)
        return [
            web.get("/static/{name}", Files().answer),
            web.get(LOGIN, login.ask),
            web.post(LOGIN, login.open),
            *(web.get(_route(path), self._answer(page)) for path, page in SEEN.items()),
            web.get("/changes", self._answer(Changes(self._context).tell)),
            *(web.post(_route(path), self._answer(page)) for path, page in DONE.items()),
        ]

    def _answer(self, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await page(self._context, request[VISIT])

        return answer


def _route(path: str) -> str:
    """Return a path whose places take any name: aiohttp's own ones take no braces."""
    return path.replace("}", ":[^/]+}")
