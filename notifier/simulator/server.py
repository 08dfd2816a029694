"""The simulated BotPenguin on a loopback port.

::

    world = World(clock=now)
    world.populate(50)
    async with Simulator(world, token="secret") as simulator:
        ...  # GET {simulator.url}/inbox/direct/chats?…
        world.create(name="Asha")
"""

import ssl
import time
from collections.abc import Callable, Collection
from email.utils import format_datetime
from types import TracebackType
from typing import Self

from aiohttp import web

from notifier.core.rows import Row
from notifier.simulator.answers import Answer, listed, refused
from notifier.simulator.bad_answers import misanswer
from notifier.simulator.control import Control
from notifier.simulator.faults import Fault, Faults, FaultType
from notifier.simulator.limit import Limit
from notifier.simulator.requests import Request, RequestLog
from notifier.simulator.wire import STOP_S
from notifier.simulator.wire_faults import break_off
from notifier.simulator.world import LISTING_TYPES, World

PATH = "/inbox/direct/chats"
MAX_CONTROL_BYTES = 64 * 2**20
TOKEN = "simulator-token"  # noqa: S105 - opens nothing but a simulation


class Simulator:
    """Serves a :class:`World` as the API page describes, on 127.0.0.1.

    Every token opens every bot of the world; ``per_minute`` is the rate limit of
    each, ``None`` for none. ``port`` 0 takes any free port. ``world``, ``faults``
    and ``page_size`` may be changed at any time; ``before_page`` is called with a
    page's number and type just before its rows are read.
    """

    def __init__(
        self,
        world: World,
        *,
        token: str = TOKEN,
        other_tokens: Collection[str] = (),
        page_size: int = 20,
        per_minute: int | None = 100,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        before_page: Callable[[int, str], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.world = world
        self.tokens = frozenset({token, *other_tokens})
        self.page_size = page_size
        self.limit = Limit(per_minute)
        self.requests = RequestLog()
        self.faults = Faults()
        self._port = port
        self._tls = tls
        self._before_page = before_page
        self._monotonic = monotonic
        self._runner = web.AppRunner(
            self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=STOP_S
        )

    @property
    def url(self) -> str:
        """The base URL, ``http(s)://127.0.0.1:PORT``; only while it is running."""
        host, port = self._runner.addresses[0][:2]
        return f"{'https' if self._tls else 'http'}://{host}:{port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls)
        await site.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=MAX_CONTROL_BYTES)
        app.router.add_get(PATH, self._chats)
        app.router.add_routes(Control(self).routes())
        return app

    async def _chats(self, request: web.Request) -> web.StreamResponse:
        with self.requests.under_way(request.query.get("botId", "")):
            answer = self._refusal(request)
            if answer:
                await self._log(request, answer.status)
                return self._response(answer)
            page, listing_type = int(request.query["page"]), request.query["type"]
            return await self._answer(
                request, self.faults.take(page=page, listing_type=listing_type)
            )

    async def _answer(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        if self._before_page:
            self._before_page(int(request.query["page"]), request.query["type"])
        rows = self._rows(request)
        if fault and fault.fault_type is FaultType.ENDLESS and not rows:
            page = int(request.query["page"])
            rows = self.world.made_up_page(page, size=self.page_size)
        answer = misanswer(fault, rows) if fault else listed(rows)
        # Logged before it is sent: what breaks the wire never comes back.
        await self._log(request, answer.status if answer else 0, fault)
        if fault and answer is None:
            return await break_off(request, fault, listed(rows))
        assert answer
        return self._response(answer)

    def _refusal(self, request: web.Request) -> Answer | None:
        token = request.headers.get("x-bot-token", "")
        if token not in self.tokens:
            return refused(401)
        wait_s = self.limit.refuse(token, now_s=self._monotonic())
        if wait_s is not None:
            return refused(429, headers={"Retry-After": str(wait_s)})
        return None if self._is_valid(request) else refused(400)

    def _is_valid(self, request: web.Request) -> bool:
        query = request.query
        bot_id, page = query.get("botId", ""), query.get("page", "")
        return (
            bot_id in self.world.bots
            and query.get("customerId") == self.world.bots[bot_id]
            and query.get("type") in LISTING_TYPES
            and page.isascii()
            and page.isdecimal()
            and 0 < len(page) < 10
            and int(page) > 0
        )

    def _rows(self, request: web.Request) -> list[Row]:
        query = request.query
        return self.world.page(
            int(query["page"]),
            size=self.page_size,
            listing_type=query["type"],
            bot_id=query["botId"],
        )

    def _response(self, answer: Answer) -> web.Response:
        return web.Response(
            status=answer.status,
            body=answer.body,
            content_type=answer.content_type,
            headers={
                "Date": format_datetime(self.world.clock(), usegmt=True),
                **answer.headers,
            },
        )

    async def _log(self, request: web.Request, status: int, fault: Fault | None = None) -> None:
        query = request.query
        await self.requests.add(
            Request(
                at_s=self._monotonic(),
                bot_id=query.get("botId", ""),
                listing_type=query.get("type", ""),
                page=query.get("page", ""),
                status=status,
                fault=fault.fault_type if fault else None,
            )
        )
