"""A Slack with Socket Mode: connections that are greeted, pinged, refreshed and dropped.

::

    async with SocketSlack() as slack:
        ...  # the program with slack.settings
        await slack.connected(2)
        envelope = await slack.click(slack.posts("C0000000001")[0], "take")
        await slack.acknowledged(envelope)
"""

import asyncio
import itertools
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from support.loopback import Reply, json_reply
from support.slack import Slack, failure

APP_TOKEN = "xapp-1-A0000APP-simulated"
APP_ID = "A0000APP"
PING_S = 5.0
CLOSED_AFTER_S = 10.0


class Link:
    """One open connection; ``silent`` sends no pings, ``deaf`` answers none either."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.socket = socket
        self.silent = False
        self.deaf = False
        self.leaving = False
        self.opened_s = asyncio.get_running_loop().time()

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Say that the connection will be closed, deal nothing more to it, and close it."""
        self.leaving = True
        asyncio.get_running_loop().call_later(CLOSED_AFTER_S, self._close)
        said = {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
        await self.socket.send_str(json.dumps(said))

    def _close(self) -> None:
        self._closing = asyncio.ensure_future(self.socket.close())

    async def drop(self) -> None:
        """Break the connection off."""
        transport = self.socket._req.transport if self.socket._req else None
        if transport:
            transport.abort()


class SocketSlack(Slack):
    """Deals envelopes to its connections in turn, and repeats none.

    ``ghosts`` are connections that it counts and nobody reads. ``refusal`` is what
    apps.connections.open is answered instead.
    """

    def __init__(self, *, app_token: str = APP_TOKEN, **given: Any) -> None:
        super().__init__(**given)
        self.app_token = app_token
        self.links: list[Link] = []
        self.ghosts = 0
        self.opened = 0
        self.most_at_once = 0
        self.acknowledgements: dict[str, list[float]] = {}
        self._numbers = itertools.count(1)
        self._turn = 0

    @property
    def settings(self) -> dict[str, str]:
        """The variables with which a program uses this Slack, clicks included."""
        return super().settings | {"NOTIFIER_SLACK_APP_TOKEN": self.app_token}

    def _routes(self, app: web.Application) -> None:
        app.router.add_get("/link/", self._link)

    async def connected(self, count: int) -> None:
        """Return once so many connections are open."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.links) >= count)

    async def opened_in_all(self, count: int) -> None:
        """Return once so many connections have been opened since the start."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: self.opened >= count)

    async def acknowledged(self, envelope_id: str) -> None:
        """Return once an envelope was acknowledged."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: envelope_id in self.acknowledgements)

    async def click(
        self,
        post: Mapping[str, Any],
        action_id: str,
        *,
        user: str = "U024BE7LH",
        times: int = 1,
        **more: Any,
    ) -> str:
        """Let somebody press a button of a message; return the envelope's id.

        ``more`` overrides what the button says: ``value``, ``action_ts``.
        """
        buttons = {
            one["action_id"]: one
            for block in post["blocks"]
            for one in block.get("elements", [])
            if "action_id" in one
        }
        pressed = {
            "type": "button",
            "block_id": "b1",
            "action_ts": f"{1_700_000_000 + next(self._numbers)}.5",
            **buttons.get(action_id, {"action_id": action_id, "value": ""}),
            **more,
        }
        payload = {
            "type": "block_actions",
            "api_app_id": APP_ID,
            "user": {"id": user, "username": user.lower(), "name": user.lower()},
            "team": {"id": "T0000", "domain": "simulated"},
            "container": {
                "type": "message",
                "message_ts": post["ts"],
                "channel_id": post["channel"],
            },
            "channel": {"id": post["channel"], "name": "sales-leads"},
            "message": {name: one for name, one in post.items() if name != "metadata"},
            "response_url": "https://hooks.slack.com/actions/simulated",
            "actions": [pressed],
        }
        envelope = self.envelope("interactive", payload)
        for _ in range(times):
            await self.deal(json.dumps(envelope))
        return str(envelope["envelope_id"])

    def envelope(self, kind: str, payload: object) -> dict[str, Any]:
        """Return an envelope with an id of its own."""
        number = next(self._numbers)
        return {
            "envelope_id": f"00000000-0000-4000-8000-{number:012}",
            "type": kind,
            "accepts_response_payload": False,
            "payload": payload,
        }

    async def deal(self, text: str) -> None:
        """Give an envelope to the connection whose turn it is."""
        staying = [link for link in self.links if not link.leaving] or self.links
        link = staying[self._turn % len(staying)]
        self._turn += 1
        await link.socket.send_str(text)

    def _answer(self, method: str, channel: str | None, arguments: Mapping[str, Any]) -> Reply:
        if method == "apps.connections.open":
            return failure("not_allowed_token_type")
        return super()._answer(method, channel, arguments)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.match_info["method"] == "apps.connections.open" and token == self.app_token:
            await self._record("apps.connections.open", token, {})
            scripted = self._scripted("apps.connections.open", None)
            where = f"{self.base_url.replace('http', 'ws')}/link/?ticket=secret-ticket"
            reply = scripted or json_reply({"ok": True, "url": where})
            return web.Response(status=reply.status, headers=reply.headers, body=reply.body)
        return await super()._api(request)

    async def _link(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        link = Link(socket)
        async with self._arrived:
            self.links.append(link)
            self.opened += 1
            self.most_at_once = max(self.most_at_once, len(self.links))
            self._arrived.notify_all()
        pinging = asyncio.create_task(self._ping(link))
        try:
            await socket.send_str(json.dumps(self._hello()))
            await self._read(link)
        finally:
            pinging.cancel()
            self.links.remove(link)
        return socket

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self.links) + self.ghosts,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "applink-1", "approximate_connection_time": 18_060},
        }

    async def _read(self, link: Link) -> None:
        async for frame in link.socket:
            if frame.type is WSMsgType.PING and not link.deaf:
                await link.socket.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                said = json.loads(frame.data)
                at_s = asyncio.get_running_loop().time()
                async with self._arrived:
                    found = self.acknowledgements.setdefault(said["envelope_id"], [])
                    found.append(at_s)
                    self._arrived.notify_all()

    async def _ping(self, link: Link) -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(PING_S)
                if not link.silent and not link.deaf:
                    await link.socket.ping(b"Ping from applink-1")
