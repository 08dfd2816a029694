"""The connections to the upstream."""

import ssl
from pathlib import Path
from typing import Final

import aiohttp
import certifi

from notifier.connections import Connector, Sessions, Tls, build_session

# A source has one request under way. Were there fewer connections than sources,
# those that hang would take them all, and the deadline would pass in the queue.
# More would be beyond the 1,024 files that a process may usually have open.
CONNECTIONS: Final = 800
# Reused within a walk; a server that closes first must not break the next poll.
IDLE_S: Final = 5.0


class BrokenOffError(aiohttp.ClientError):
    """The connection ended before the answer did."""


def build_sessions(tls: ssl.SSLContext | None = None) -> Sessions:
    """Return a session that trusts no environment and makes each request once.

    ``tls`` defaults to the host's authorities, or Mozilla's where it has none.
    """
    trusted = tls or authorities()
    return Sessions(lambda: build_session(_connector(trusted), middlewares=[_once]))


def _connector(tls: Tls) -> Connector:
    return Connector(tls=tls, limit=CONNECTIONS, keepalive_timeout=IDLE_S)


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


def authorities() -> Tls:
    """Return what to trust; ``True`` is the host's, which aiohttp has read already."""
    paths = ssl.get_default_verify_paths()
    if Path(paths.cafile or "").is_file() or any(Path(paths.capath or "-").glob("*")):
        return True
    return ssl.create_default_context(cafile=certifi.where())
