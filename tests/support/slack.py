"""A Slack that runs here: the Web API's methods we use, and one incoming webhook.

::

    async with Slack(channels={"sales": "C1"}) as slack:
        ...  # NOTIFIER_SLACK_API_URL=slack.url, token slack.token
        slack.script(failure("not_in_channel"), method="chat.postMessage")
        await slack.called(1)
        assert slack.posts("C1")[0]["text"] == "…"
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from support.blocks import refusal
from support.loopback import Loopback, Reply, give, json_reply

TOKEN = "xoxb-simulated"
WEBHOOK = "webhook"
WEBHOOK_PATH = "/services/T0000/B0000/simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call; the incoming webhook has the method ``webhook``."""

    at_s: float
    method: str
    token: str
    arguments: Mapping[str, Any]


def failure(code: str, **more: Any) -> Reply:
    """Return Slack's ``{"ok": false, "error": code}``, which comes with a 200."""
    return json_reply({"ok": False, "error": code, **more})


def rate_limited(retry_after: str) -> Reply:
    """Return Slack's 429."""
    return json_reply(
        {"ok": False, "error": "ratelimited"}, status=429, retry_after=retry_after
    )


class Slack(Loopback):
    """Keeps channels and their messages; ``channels`` maps names (no ``#``) to ids.

    Direct messages: any user id in ``users`` can be opened or posted to.
    """

    def __init__(
        self,
        *,
        channels: Mapping[str, str] | None = None,
        users: tuple[str, ...] = ("U024BE7LH",),
        token: str = TOKEN,
    ) -> None:
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post(WEBHOOK_PATH, self._webhook)
        super().__init__(app)
        self.token = token
        self.channels = dict(channels or {"sales-leads": "C0000000001"})
        self.users = users
        self.calls: list[Call] = []
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        self._scripts: defaultdict[tuple[str, str | None], deque[Reply]] = defaultdict(deque)

    @property
    def url(self) -> str:
        """The base of the API's methods, with a slash at its end."""
        return f"{self.base_url}/api/"

    @property
    def webhook_url(self) -> str:
        return f"{self.base_url}{WEBHOOK_PATH}"

    def script(self, *replies: Reply, method: str, channel: str | None = None) -> None:
        """Answer the next calls of a method (to a channel id) with these replies."""
        self._scripts[method, channel].extend(replies)

    def calls_of(self, method: str) -> list[Call]:
        """Return the calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def posts(self, channel_id: str) -> list[dict[str, Any]]:
        """Return the messages that stand in a channel now, oldest first."""
        return [
            message for (channel, _), message in self.messages.items() if channel == channel_id
        ]

    async def called(self, count: int) -> None:
        """Return once ``count`` calls have come, webhooks included."""
        await self._wait_for(self.calls, count)

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method, arguments = request.match_info["method"], await _arguments(request)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        channel = self._channel(str(arguments.get("channel", "")))
        await self._record(method, token, arguments)
        scripted = self._scripted(method, channel)
        if scripted:
            return await give(request, scripted)
        if token != self.token:
            return await give(request, failure("invalid_auth" if token else "not_authed"))
        return await give(request, self._answer(method, channel, arguments))

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        try:
            arguments = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        await self._record(WEBHOOK, "", arguments)
        scripted = self._scripted(WEBHOOK, None)
        refused = refusal(arguments)
        if scripted:
            return await give(request, scripted)
        return web.Response(
            status=400 if refused else 200, text=refused[0] if refused else "ok"
        )

    async def _record(self, method: str, token: str, arguments: Mapping[str, Any]) -> None:
        call = Call(
            at_s=asyncio.get_running_loop().time(),
            method=method,
            token=token,
            arguments=arguments,
        )
        await self._keep(self.calls, call)

    def _scripted(self, method: str, channel: str | None) -> Reply | None:
        for key in ((method, channel), (method, None)):
            if self._scripts[key]:
                return self._scripts[key].popleft()
        return None

    def _answer(self, method: str, channel: str | None, arguments: Mapping[str, Any]) -> Reply:
        anywhere = {
            "auth.test": self._identity,
            "conversations.open": self._open,
            "users.info": self._user,
        }
        in_a_channel = {
            "conversations.info": self._about,
            "chat.postMessage": self._post,
            "chat.update": self._update,
        }
        if method in anywhere:
            return anywhere[method](arguments)
        if method not in in_a_channel:
            return failure("unknown_method", req_method=method)
        if channel is None:
            return failure("channel_not_found")
        return in_a_channel[method](channel, arguments)

    def _identity(self, _arguments: Mapping[str, Any]) -> Reply:
        team = {"url": "https://simulated.slack.com/", "team": "Simulated", "team_id": "T0000"}
        return _fine(**team, user="notifier", user_id="U0000BOT", bot_id="B0000")

    def _open(self, arguments: Mapping[str, Any]) -> Reply:
        user = str(arguments.get("users"))
        if user not in self.users:
            return failure("user_not_found")
        return _fine(channel={"id": _direct(user)})

    def _user(self, arguments: Mapping[str, Any]) -> Reply:
        user = str(arguments.get("user"))
        if user not in self.users:
            return failure("user_not_found")
        return _fine(user={"id": user, "name": user.lower(), "deleted": False})

    def _about(self, channel: str, _arguments: Mapping[str, Any]) -> Reply:
        names = {known: name for name, known in self.channels.items()}
        name = names.get(channel, "directmessage")
        return _fine(channel={"id": channel, "name": name, "is_member": True})

    def _post(self, channel: str, arguments: Mapping[str, Any]) -> Reply:
        refused = refusal(arguments)
        if refused:
            return _refusal(*refused)
        ts = f"{1_700_000_000 + len(self.messages)}.000100"
        message = {**arguments, "ts": ts, "channel": channel}
        self.messages[channel, ts] = message
        return _fine(channel=channel, ts=ts, message=message)

    def _update(self, channel: str, arguments: Mapping[str, Any]) -> Reply:
        ts, refused = str(arguments.get("ts")), refusal(arguments)
        if (channel, ts) not in self.messages:
            return failure("message_not_found")
        if refused:
            return _refusal(*refused)
        self.messages[channel, ts] |= arguments
        return _fine(channel=channel, ts=ts, text=arguments.get("text", ""))

    def _channel(self, name: str) -> str | None:
        if name in self.users:
            return _direct(name)
        known = {*self.channels.values(), *map(_direct, self.users)}
        return name if name in known else self.channels.get(name.removeprefix("#"))


def _direct(user: str) -> str:
    return f"D{user[1:]}"


def _fine(**content: Any) -> Reply:
    return json_reply({"ok": True, **content})


def _refusal(code: str, explanations: list[str]) -> Reply:
    return failure(code, errors=explanations, response_metadata={"messages": explanations})


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Slack takes JSON, a form whose ``blocks`` are JSON, or the query."""
    if request.content_type == "application/json":
        return dict(await request.json())
    given: dict[str, Any] = {**request.query, **(await request.post())}
    if isinstance(given.get("blocks"), str):
        given["blocks"] = json.loads(given["blocks"])
    return given
