"""A webhook consumer that trusts nothing: every request's signature is verified.

::

    async with Receiver(SECRET, replies=[Reply(status=500)]) as receiver:
        ...  # POST to receiver.url
        await receiver.arrived(2)
        assert [r.event["type"] for r in receiver.received] == [...]
        assert receiver.rejected == []
"""

import json
import ssl
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from support.loopback import Loopback, Reply, give


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request: names of headers in lower case, ``event`` the parsed body.

    ``fault`` says why it was rejected, ``None`` where it was accepted.
    """

    at_s: float
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    event: Any = None
    fault: str | None = None

    @property
    def id(self) -> str:
        """The ``webhook-id``, the same on every attempt."""
        return self.headers["webhook-id"]


class Receiver(Loopback):
    """Answers with ``replies`` one after another, then always with ``default``.

    With several ``secrets`` every one must have signed the request (rotation);
    with none nothing is verified. A request that fails is answered with 401 and
    kept in ``rejected``; ``requests`` holds both kinds in their order.
    """

    def __init__(
        self,
        *secrets: str,
        replies: Iterable[Reply] = (),
        default: Reply | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._receive)
        super().__init__(app, tls=tls)
        self.secrets = secrets
        self.replies = deque(replies)
        self.default = default or Reply(status=204)
        self.requests: list[Received] = []

    @property
    def url(self) -> str:
        return f"{self.base_url}/hook"

    @property
    def received(self) -> list[Received]:
        """The requests whose signatures were right."""
        return [request for request in self.requests if request.fault is None]

    @property
    def rejected(self) -> list[Received]:
        """The requests that were not what they claimed to be."""
        return [request for request in self.requests if request.fault is not None]

    async def arrived(self, count: int) -> None:
        """Return once ``count`` requests of either kind have come."""
        await self._wait_for(self.requests, count)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        event, fault = self._verified(body, headers)
        received = Received(
            at_s=time.monotonic(),
            method=request.method,
            path=request.path_qs,
            headers=headers,
            body=body,
            event=event,
            fault=fault,
        )
        await self._keep(self.requests, received)
        if fault:
            return web.Response(status=401, text=fault)
        return await give(request, self.replies.popleft() if self.replies else self.default)

    def _verified(self, body: bytes, headers: dict[str, str]) -> tuple[Any, str | None]:
        try:
            for secret in self.secrets:
                Webhook(secret).verify(body, headers, json_parse=False)
            return json.loads(body or b"null"), None
        except (WebhookVerificationError, ValueError) as error:
            return None, str(error) or type(error).__name__
