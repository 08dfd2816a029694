"""One request to the listing: a page, or an error that says what to do next.

No retries here: the walk resumes. The token goes out in one header to one host,
and stands in no text of ours, and neither does the URL's query.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import urlencode

import aiohttp
from pydantic import SecretStr
from yarl import URL

from notifier import __version__
from notifier.errors import UpstreamError, UpstreamRefusedError
from notifier.pacing import http_date
from notifier.records import Source
from notifier.targets import target_of
from notifier.upstream.faults import connection_fault, status_fault
from notifier.upstream.page import Page, parse_page
from notifier.upstream.transport import build_sessions

PATH: Final = "/inbox/direct/chats"
HEADERS: Final = {
    "accept": "application/json",
    "accept-encoding": "identity",
    "content-type": "application/json",
    "user-agent": f"notifier/{__version__}",
}
MAX_BYTES: Final = 32 * 1024 * 1024
AT_ONCE_BYTES: Final = 64 * 1024  # parsed on the event loop, which does nothing else then


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One of a source's two listings, and the token that opens it."""

    source: Source
    kind: str
    token: SecretStr


class Client:
    """Asks one upstream for pages; safe to share between listings and tasks.

    ``timeout_s`` bounds a whole request, from connecting to the last byte, and
    ``max_bytes`` its body. ``now`` is consulted where an answer has no ``Date``.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float,
        max_bytes: int = MAX_BYTES,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = base_url.rstrip("/") + PATH
        # asyncio.timeout() bounds the whole request; this tells a host that does not
        # answer at all from one that is slow.
        self._connecting = aiohttp.ClientTimeout(sock_connect=timeout_s / 3)
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._now = now
        self._sessions = build_sessions(tls)
        self._parsing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        await self._sessions.aclose()

    async def page(self, listing: Listing, number: int) -> Page:
        """Return page ``number`` (from 1) of a listing; raises :class:`UpstreamError`.

        Makes exactly one request. Source: the listing's page, "Request".
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                body, served_at = await self._asked(listing, number)
        except TimeoutError as error:
            raise UpstreamError(
                f"the upstream did not answer in full within {self._timeout_s:g} s"
            ) from error
        return await self._parsed(body, served_at)

    async def _parsed(self, body: bytes, served_at: datetime | None) -> Page:
        """Parse a large body in a thread, and one at a time: they take memory and turns."""
        if len(body) <= AT_ONCE_BYTES:
            return parse_page(body, served_at=served_at)
        async with self._parsing:
            return await asyncio.to_thread(parse_page, body, served_at=served_at)

    async def _asked(self, listing: Listing, number: int) -> tuple[bytes, datetime | None]:
        try:
            return await self._get(listing, number)
        # A ValueError is a host's name that no look-up can carry.
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise connection_fault(error) from error

    async def _get(self, listing: Listing, number: int) -> tuple[bytes, datetime | None]:
        response = await self._sessions.get().request(
            "GET",
            _page_url(self._url, listing.source, listing.kind, number),
            headers={**HEADERS, "x-bot-token": _sendable(listing.token)},
            timeout=self._connecting,
            allow_redirects=False,
            auto_decompress=False,
        )
        try:
            served_at = http_date(response.headers.get("date"))
            if response.status != HTTPStatus.OK:
                raise status_fault(
                    response.status,
                    retry_after=response.headers.get("retry-after"),
                    now=served_at or self._now(),
                )
            return await self._body(response), served_at
        finally:
            response.close()  # unless it was read to its end

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            # Never unpacked: 194 kB of gzip can hold 200 MB.
            raise UpstreamError(
                "the upstream sent a compressed answer although none was asked for",
                remedy="a proxy between here and the upstream must honour Accept-Encoding",
            )
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_bytes:
                raise UpstreamError(f"the upstream sent more than {self._max_bytes} bytes")
        return bytes(body)


@lru_cache(maxsize=1024)  # page 1 of every listing is asked for again and again
def _page_url(base: str, source: Source, kind: str, number: int) -> URL:
    params = {
        "botId": source.bot_id,
        "customerId": source.customer_id,
        "page": str(number),
        "type": kind,
    }
    return target_of(f"{base}?{urlencode(params)}").url


def _sendable(token: SecretStr) -> str:
    """Return the token, or refuse one that the HTTP library would quote in its error."""
    value = token.get_secret_value()
    if not value or not value.isascii() or not value.isprintable() or value != value.strip():
        raise UpstreamRefusedError(
            "the token is empty or has characters that no HTTP header can carry",
            remedy="copy x-bot-token again, without spaces, quotes or line ends",
        )
    return value
