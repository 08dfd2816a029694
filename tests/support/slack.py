"""A Slack that runs here: the Web API's methods we use, and one incoming webhook.

::

    async with Slack(channels={"sales": "C1"}) as slack:
        ...  # the program with slack.settings
        slack.script(failure("not_in_channel"), method="chat.postMessage")
        await slack.called(1)
        assert slack.posts("C1")[0]["text"] == "…"
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from support.blocks import refusal
from support.loopback import Loopback, Reply, give, json_reply

TOKEN = "xoxb-simulated"
WEBHOOK = "webhook"
BY_ID_ALONE = {"conversations.info", "conversations.history", "conversations.replies"}
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

    Direct messages: any user id in ``users`` can be opened or posted to. ``forbidden``
    are methods for which the token lacks the scope. ``now_s`` is Slack's clock, which
    else begins in 2023 and goes on by a second a message. While ``yes`` is cleared, what
    is posted stands there, and nobody is told.
    """

    def __init__(
        self,
        *,
        channels: Mapping[str, str] | None = None,
        users: tuple[str, ...] = ("U024BE7LH",),
        token: str = TOKEN,
        now_s: Callable[[], float] | None = None,
    ) -> None:
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post(WEBHOOK_PATH, self._webhook)
        self._routes(app)
        super().__init__(app)
        self.token = token
        self.channels = dict(channels or {"sales-leads": "C0000000001"})
        self.users = users
        self.calls: list[Call] = []
        self.messages: dict[tuple[str, str], dict[str, Any]] = {}
        self.ephemerals: list[dict[str, Any]] = []
        self.forbidden: set[str] = set()
        self.yes = asyncio.Event()
        self.yes.set()
        self._now_s = now_s or (lambda: 1_700_000_000.0001 + len(self.messages))
        self._scripts: defaultdict[tuple[str, str | None], deque[Reply]] = defaultdict(deque)

    def _routes(self, app: web.Application) -> None:
        """Add what a Slack with more to it answers."""

    @property
    def url(self) -> str:
        """The base of the API's methods, with a slash at its end."""
        return f"{self.base_url}/api/"

    @property
    def settings(self) -> dict[str, str]:
        """The variables with which a program uses this Slack."""
        return {"NOTIFIER_SLACK_TOKEN": self.token, "NOTIFIER_SLACK_API_URL": self.url}

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

    def delete(self, channel_id: str, ts: str, *, leaves_trace: bool) -> None:
        """Delete a message as a person does; what has replies leaves a trace."""
        message = self.messages.pop((channel_id, ts))
        if leaves_trace:
            self.messages[channel_id, ts] = {
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "ts": ts,
                "thread_ts": message.get("thread_ts", ts),
            }

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
        answer = self._answer(method, channel, arguments)
        if method == "chat.postMessage":
            await self.yes.wait()
        return await give(request, answer)

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
            "users.conversations": self._joined,
        }
        in_a_channel = {
            "conversations.info": self._about,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.postEphemeral": self._tell,
        }
        if method in self.forbidden:
            return failure("missing_scope")
        if method in anywhere:
            return anywhere[method](arguments)
        if method not in in_a_channel:
            return failure("unknown_method", req_method=method)
        named = str(arguments.get("channel", ""))
        if channel is None or (method in BY_ID_ALONE and named != channel):
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

    def _joined(self, _arguments: Mapping[str, Any]) -> Reply:
        found = [{"id": known, "name": name} for name, known in self.channels.items()]
        return _fine(channels=found, response_metadata={"next_cursor": ""})

    def _history(self, channel: str, arguments: Mapping[str, Any]) -> Reply:
        found = [
            one
            for one in self.posts(channel)
            if one.get("thread_ts", one["ts"]) == one["ts"] or one.get("reply_broadcast")
        ]
        return _listed(found[::-1], arguments)

    def _replies(self, channel: str, arguments: Mapping[str, Any]) -> Reply:
        first = str(arguments.get("ts"))
        if (channel, first) not in self.messages:
            return failure("thread_not_found")
        found = [
            one for one in self.posts(channel) if first in (one["ts"], one.get("thread_ts"))
        ]
        return _listed(found, arguments)

    def _about(self, channel: str, _arguments: Mapping[str, Any]) -> Reply:
        names = {known: name for name, known in self.channels.items()}
        name = names.get(channel, "directmessage")
        return _fine(channel={"id": channel, "name": name, "is_member": True})

    def _post(self, channel: str, arguments: Mapping[str, Any]) -> Reply:
        refused = refusal(arguments)
        if refused:
            return _refusal(*refused)
        ts = f"{self._now_s():.6f}"
        while (channel, ts) in self.messages:
            ts = f"{float(ts) + 0.000001:.6f}"
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

    def _tell(self, channel: str, arguments: Mapping[str, Any]) -> Reply:
        if arguments.get("user") not in self.users:
            return failure("user_not_in_channel")
        if refused := refusal(arguments):
            return _refusal(*refused)
        self.ephemerals.append({**arguments, "channel": channel})
        return _fine(message_ts=f"{self._now_s():.6f}")

    def _channel(self, name: str) -> str | None:
        if name in self.users:
            return _direct(name)
        known = {*self.channels.values(), *map(_direct, self.users)}
        return name if name in known else self.channels.get(name.removeprefix("#"))


def _listed(messages: list[dict[str, Any]], arguments: Mapping[str, Any]) -> Reply:
    """Return a page of messages; Slack looks them up by id alone, and by a form."""
    oldest = float(arguments.get("oldest", 0))
    shows_metadata = str(arguments.get("include_all_metadata")) in ("true", "1")
    found = [
        {name: one[name] for name in one if name != "metadata" or shows_metadata}
        for one in messages
        if float(one["ts"]) >= oldest
    ]
    start, limit = int(arguments.get("cursor") or 0), int(arguments.get("limit", 100))
    more = str(start + limit) if start + limit < len(found) else ""
    return _fine(messages=found[start : start + limit], response_metadata={"next_cursor": more})


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
    for name in ("blocks", "metadata"):
        if isinstance(given.get(name), str):
            given[name] = json.loads(given[name])
    return given
