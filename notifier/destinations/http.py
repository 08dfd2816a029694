"""HTTP for deliveries: one bounded request to an address that was checked."""

import asyncio
import contextlib
import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from notifier import __version__, pacing
from notifier.cleaning import clean
from notifier.connections import HEADERS_S, Connector, Sessions, build_session
from notifier.destinations.addresses import ForbiddenAddressError, guarded_socket
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError
from notifier.targets import Target

# More than is kept of a refusal: a secret that it repeats must be whole to be found.
EXCERPT_BYTES = 4096
# A short answer read to its end lets the connection be used again; an endless
# one must not hold up a delivery that has already succeeded.
DRAIN_BYTES = 64 * 1024
DRAIN_S = 1.0
HEADERS = {
    "accept": "*/*",
    "accept-encoding": "identity",
    "user-agent": f"notifier/{__version__}",
}
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


def build_sessions(
    tls: ssl.SSLContext | None = None, *, headers_s: float = HEADERS_S
) -> Sessions:
    """Return a session that trusts no environment, follows nothing and checks addresses.

    ``tls`` defaults to the host's certificate store. One that has taken a message may
    write its headers for ``headers_s``.
    """
    return Sessions(
        lambda: build_session(
            Connector(
                tls=tls or True, limit=0, socket_factory=guarded_socket, headers_s=headers_s
            )
        )
    )


async def exchange(
    sessions: Sessions,
    method: str,
    target: Target,
    *,
    timeout_s: float,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make one request and return the answer, whatever its status.

    The deadline covers everything up to the answer's headers; of a refusal's body
    the first 4 KiB that arrive in time are kept. Raises
    :class:`TemporaryDeliveryError` where no answer came and
    :class:`DestinationRefusedError` for an address nothing is delivered to. Their
    texts name the host alone.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    given = {name.lower(): value for name, value in (headers or {}).items()}
    with _translated(target.host, timeout_s=timeout_s):
        async with asyncio.timeout_at(deadline):
            response = await sessions.get().request(
                method,
                target.url,
                headers={**HEADERS, **target.headers, **given},
                data=body or None,
                skip_auto_headers=("content-type",),
                allow_redirects=False,
                auto_decompress=False,
            )
    try:
        excerpt = await _read(response, deadline=deadline)
    finally:
        response.close()  # unless it was read to its end
    return Answer(status=response.status, headers=response.headers, excerpt=excerpt)


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds a ``Retry-After`` asks for, at most 24 hours.

    ``None`` where it is absent, unreadable, or not in the future.
    """
    value = headers.get("retry-after")
    return pacing.retry_after_s(value, now=now, most_s=LONGEST_RETRY_AFTER_S)


async def _read(response: aiohttp.ClientResponse, *, deadline: float) -> str:
    """Return the start of a refusal's body; of a success, read what comes at once.

    Never fails: the status has already decided what becomes of the delivery.
    """
    limit, until, taken = EXCERPT_BYTES, deadline, 200 <= response.status < 300
    if taken:
        limit = DRAIN_BYTES
        until = min(deadline, asyncio.get_running_loop().time() + DRAIN_S)
    found = bytearray()
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout_at(until):
            async for chunk in response.content.iter_any():
                found += chunk
                if len(found) >= limit:
                    break
    return "" if taken else clean(bytes(found[:EXCERPT_BYTES]))


@contextlib.contextmanager
def _translated(host: str, *, timeout_s: float) -> Iterator[None]:
    # "from None" throughout: the causes quote the URL, which may hold a secret.
    try:
        yield
    except TimeoutError:
        raise TemporaryDeliveryError(f"{host} gave no answer within {timeout_s:g} s") from None
    except (aiohttp.InvalidURL, UnicodeError):
        raise DestinationRefusedError(
            f"{host} is no usable address",
            remedy="write the host's name, or its address in the usual form",
        ) from None
    except (aiohttp.ClientError, OSError) as error:
        raise no_answer(host, error) from None


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
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            problem = f"{host} answered, but not as HTTP can be read"
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
