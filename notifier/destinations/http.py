"""HTTP for deliveries: one bounded request to an address that was checked.

httpx over aiohttp's transport, for its throughput with many requests at once.
"""

import asyncio
import base64
import contextlib
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from notifier import __version__, pacing
from notifier.destinations.addresses import ForbiddenAddressError, guarded_socket
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError

EXCERPT_BYTES = 1024
# A short answer read to its end lets the connection be used again; an endless
# one must not hold up a delivery that has already succeeded.
DRAIN_BYTES = 64 * 1024
DRAIN_S = 1.0
HEADERS = {
    "accept": "*/*",
    "accept-encoding": "identity",
    "user-agent": f"notifier/{__version__}",
}
NO_CONTENT = 204  # has no body by definition
LONGEST_RETRY_AFTER_S = 24 * 60 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the receiver said; ``excerpt`` is the start of a refusal's body as text."""

    status: int
    headers: Mapping[str, str]
    excerpt: str = ""

    @property
    def taken(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300


def build_transport(tls: ssl.SSLContext | None = None) -> AiohttpTransport:
    """Return a transport that trusts no environment, follows nothing and checks addresses.

    ``tls`` defaults to the host's certificate store. Connections are opened on
    first use; close it with ``aclose``.
    """
    # The session's own is what counts. To read the host's certificates costs 20 ms
    # and 1 MB: without `tls`, sessions share what aiohttp has read already.
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return AiohttpTransport(
        verify=unused, trust_env=False, client=lambda: _session(tls or True)
    )


async def exchange(
    transport: httpx.AsyncBaseTransport,
    method: str,
    url: httpx.URL,
    *,
    timeout_s: float,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make one request and return the answer, whatever its status.

    The deadline covers everything up to the answer's headers; of a refusal's body
    the first KiB that arrives in time is kept. Raises
    :class:`TemporaryDeliveryError` where no answer came and
    :class:`DestinationRefusedError` for an address nothing is delivered to. Their
    texts name the host alone.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    request = _request(method, url, body=body, headers=headers or {})
    # Without httpx's client around it: cookies and redirects, which nobody
    # wants here, take longer than all the rest of a request.
    with _translated(url.host, timeout_s=timeout_s):
        async with asyncio.timeout_at(deadline):
            response = await transport.handle_async_request(request)
    try:
        excerpt = await _read(response, deadline=deadline)
    finally:
        with contextlib.suppress(httpx.HTTPError, aiohttp.ClientError):
            await response.aclose()
    return Answer(status=response.status_code, headers=response.headers, excerpt=excerpt)


def _request(
    method: str, url: httpx.URL, *, body: bytes, headers: Mapping[str, str]
) -> httpx.Request:
    """Return the request: a user and password in the URL become a header."""
    common = dict(HEADERS)
    if url.userinfo:
        login = base64.b64encode(f"{url.username}:{url.password}".encode())  # RFC 7617, 2
        common["authorization"] = f"Basic {login.decode()}"
        url = url.copy_with(userinfo=b"")
    given = {name.lower(): value for name, value in headers.items()}
    return httpx.Request(method, url, content=body, headers=common | given)


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds a ``Retry-After`` asks for, at most 24 hours.

    ``None`` where it is absent, unreadable, or not in the future.
    """
    value = headers.get("retry-after")
    return pacing.retry_after_s(value, now=now, most_s=LONGEST_RETRY_AFTER_S)


def _session(tls: ssl.SSLContext | Literal[True]) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        ssl=tls, limit=0, resolver=aiohttp.ThreadedResolver(), socket_factory=guarded_socket
    )
    return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def _read(response: httpx.Response, *, deadline: float) -> str:
    """Return the start of a refusal's body; of a success, read what comes at once.

    Never fails: the status has already decided what becomes of the delivery.
    """
    if response.status_code == NO_CONTENT:
        return ""
    limit, until = EXCERPT_BYTES, deadline
    if response.is_success:
        limit = DRAIN_BYTES
        until = min(deadline, asyncio.get_running_loop().time() + DRAIN_S)
    found = bytearray()
    with contextlib.suppress(TimeoutError, httpx.HTTPError, aiohttp.ClientError):
        async with asyncio.timeout_at(until):
            async for chunk in response.aiter_raw():
                found += chunk
                if len(found) >= limit:
                    break
    return "" if response.is_success else found[:EXCERPT_BYTES].decode("utf-8", "replace")


@contextlib.contextmanager
def _translated(host: str, *, timeout_s: float) -> Iterator[None]:
    # "from None" throughout: the causes quote the URL, which may hold a secret.
    try:
        yield
    except TimeoutError:
        raise TemporaryDeliveryError(f"{host} gave no answer within {timeout_s:g} s") from None
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise DestinationRefusedError(
            f"{host} is no usable address",
            remedy="write the host's name, or its address in the usual form",
        ) from None
    except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
        raise no_answer(host, error.__cause__ or error) from None


def no_answer(host: str, cause: BaseException) -> DeliveryError:
    """Return our error for a failed connection, by what aiohttp says caused it.

    ``host`` is how the text names the receiver.
    """
    match cause:
        case aiohttp.ClientConnectorError(os_error=ForbiddenAddressError() as found):
            return DestinationRefusedError(
                f"{host} is refused: {found}", remedy="send to a host that is not link-local"
            )
        case aiohttp.ClientConnectorCertificateError():
            problem = f"the certificate of {host} does not verify ({_why(cause)})"
        case aiohttp.ClientSSLError():
            problem = f"no TLS connection to {host}"
        case aiohttp.ClientConnectorDNSError():
            problem = f"{host} cannot be resolved"
        case aiohttp.ClientConnectorError():
            problem = f"no connection to {host} ({_plain(cause.os_error)})"
        case _:
            problem = f"{host} broke off without an HTTP answer ({type(cause).__name__})"
    return TemporaryDeliveryError(problem)


def _plain(error: OSError) -> str:
    # asyncio puts the address into strerror, where the words belong.
    return os.strerror(error.errno).lower() if error.errno else "refused"


def _why(error: aiohttp.ClientConnectorCertificateError) -> str:
    found = error.certificate_error
    return (
        found.verify_message if isinstance(found, ssl.SSLCertVerificationError) else "invalid"
    )
