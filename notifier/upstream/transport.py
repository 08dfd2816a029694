"""The connections to the upstream: httpx's requests over aiohttp.

Half the CPU of httpx's own transport, and deliveries have loaded it anyway.
"""

import ssl
from pathlib import Path
from typing import Final, Literal

import aiohttp
import certifi
from httpx_aiohttp import AiohttpTransport

# A source has one request under way. Were there fewer connections than sources,
# those that hang would take them all, and the deadline would pass in the queue.
# More would be beyond the 1,024 files that a process may usually have open.
CONNECTIONS: Final = 800
# Reused within a walk; a server that closes first must not break the next poll.
IDLE_S: Final = 5.0
HEADER_BYTES: Final = 64 * 1024  # aiohttp's own 8 KiB is less than some proxies send


class BrokenOffError(aiohttp.ClientError):
    """The connection ended before the answer did."""


def build_transport(tls: ssl.SSLContext | None = None) -> AiohttpTransport:
    """Return a transport that trusts no environment and makes each request once.

    ``tls`` defaults to the host's authorities, or Mozilla's where it has none.
    Connections are opened on first use; close it with ``aclose``.
    """
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the session has its own
    trusted = tls or authorities()
    return AiohttpTransport(verify=unused, trust_env=False, client=lambda: _session(trusted))


def _session(tls: ssl.SSLContext | Literal[True]) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        ssl=tls,
        limit=CONNECTIONS,
        keepalive_timeout=IDLE_S,
        resolver=aiohttp.ThreadedResolver(),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        max_field_size=HEADER_BYTES,
        middlewares=[_once],
    )


async def _once(
    request: aiohttp.ClientRequest, ask: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from asking again on its own: each request counts against the limit."""
    try:
        return await ask(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenOffError from error


def authorities() -> ssl.SSLContext | Literal[True]:
    """Return what to trust; ``True`` is the host's, which aiohttp has read already."""
    paths = ssl.get_default_verify_paths()
    if Path(paths.cafile or "").is_file() or any(Path(paths.capath or "-").glob("*")):
        return True
    return ssl.create_default_context(cafile=certifi.where())
