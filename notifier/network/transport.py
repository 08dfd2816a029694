"""One way to speak HTTP: httpx's requests and answers over aiohttp's connections.

They take half the CPU of httpx's own, and slack-sdk has loaded aiohttp anyway. Nobody here
wants httpx's client around them: cookies, logins and redirects take a third of a
request's time.
"""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import httpx
from yarl import URL

from notifier import __version__
from notifier.network import certificates
from notifier.network.addresses import guarded_socket
from notifier.network.faults import ConnectionFault, Reason, fault_of
from notifier.network.protocol import HEADER_BYTES, HEADER_COUNT, HEADERS_S, Connector

HEADERS: Final = {
    "accept": "*/*",
    "accept-encoding": "identity",
    "user-agent": f"notifier/{__version__}",
}
# A source has one request under way. Were there fewer connections than sources,
# those that hang would take them all, and the deadline would pass in the queue.
# More would be beyond the 1,024 files that a process may usually have open.
CONNECTIONS: Final = 800
# Reused within a walk or a lane's run; a server that closes first must not break the
# next request.
IDLE_S: Final = 5.0


class Transport(httpx.AsyncBaseTransport):
    """Makes each request once, to an address that was checked; raises ConnectionFault.

    It follows no redirect, keeps no cookies and trusts no environment. Whoever asks sets
    the deadline; connecting ends after ``connect_s`` at the latest. ``tls`` defaults to
    :func:`certificates.for_http`. A server that has told its status may write its headers
    for ``headers_s``. Connections are opened on first use; close them with ``aclose``.

    ``repeats``: many a server closes a connection that it seemed to keep. What it broke
    off so, before any answer, is sent over another one at once; for requests that do no
    harm twice.

    A connection is kept for ``idle_s``. Where that is longer than usual, a fault tells
    whether it is stale.

    A request's extension ``target`` stands in its first line as it is.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        connect_s: float | None = None,
        headers_s: float = HEADERS_S,
        repeats: bool = False,
        idle_s: float = IDLE_S,
        response_class: type[aiohttp.ClientResponse] = aiohttp.ClientResponse,
        socket_class: type[aiohttp.ClientWebSocketResponse] = aiohttp.ClientWebSocketResponse,
    ) -> None:
        self._tls = tls or certificates.for_http()
        self._connect_s = connect_s
        self._headers_s = headers_s
        self._repeats = repeats
        self._idle_s = idle_s
        self._response_class = response_class
        self._socket_class = socket_class
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The session, for what speaks aiohttp's alone; needs a running loop."""
        if self._session is None:
            self._session = self._open()
        return self._session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer as soon as its headers are there; see :class:`httpx.Response`."""
        while True:
            way = _Way()
            try:
                return await self._asked(request, way)
            except ConnectionFault as fault:
                fault.is_stale = way.is_reused and fault.reason is Reason.BROKEN_OFF
                if not (fault.is_stale and self._repeats):
                    raise

    async def _asked(self, request: httpx.Request, way: "_Way") -> httpx.Response:
        try:
            answer = await self.session.request(
                request.method,
                _url(request),
                headers=[
                    (name.decode(), value.decode()) for name, value in request.headers.raw
                ],
                data=request.read() or None,
                allow_redirects=False,
                auto_decompress=False,
                trace_request_ctx=way,
            )
        except ValueError as error:  # a host that no URL may have
            raise fault_of(error) from None
        return httpx.Response(
            answer.status, headers=answer.raw_headers, stream=_Body(answer), request=request
        )

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        connector = Connector(
            tls=self._tls,
            headers_s=self._headers_s,
            limit=CONNECTIONS,
            keepalive_timeout=self._idle_s,
            socket_factory=guarded_socket,
        )
        notes_reuse = self._repeats or self._idle_s > IDLE_S
        return aiohttp.ClientSession(
            connector=connector,
            headers=HEADERS,
            skip_auto_headers=("content-type",),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(sock_connect=self._connect_s),
            max_line_size=HEADER_BYTES,
            max_field_size=HEADER_BYTES,
            max_headers=HEADER_COUNT,
            middlewares=[_translated],
            trace_configs=[_noting_reuse()] if notes_reuse else None,
            response_class=self._response_class,
            ws_response_class=self._socket_class,
        )


@dataclass(slots=True)
class _Way:
    """How a request went out: over a connection that had served before, or a new one."""

    is_reused: bool = False


def _noting_reuse() -> aiohttp.TraceConfig:
    async def note(_: aiohttp.ClientSession, context: Any, __: Any) -> None:
        context.trace_request_ctx.is_reused = True

    found = aiohttp.TraceConfig()
    found.on_connection_reuseconn.append(note)
    return found


class _Body(httpx.AsyncByteStream):
    """An answer's body as it comes; raises ConnectionFault where it ends too soon."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._answer.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise fault_of(error) from None

    async def aclose(self) -> None:
        """Give the connection back if the body was read to its end, else close it."""
        self._answer.close()


def _url(request: httpx.Request) -> URL:
    url = request.url
    target: bytes = request.extensions.get("target", url.raw_path)
    # As a path alone: a query that yarl knows of loses its empty question mark.
    return URL.build(
        scheme=url.scheme,
        authority=url.netloc.decode("ascii"),
        path=target.decode("ascii"),
        encoded=True,
    )


async def _translated(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Turn aiohttp's errors into faults, which also keeps it from asking again on its own."""
    try:
        return await send(request)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise fault_of(error) from None  # its text may quote the URL
