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

import httpx
from pydantic import SecretStr

from notifier.core.pacing import http_date
from notifier.core.records import Source
from notifier.errors import UpstreamError, UpstreamRefusedError
from notifier.network.faults import ConnectionFault, Reason
from notifier.network.targets import Target, target_of
from notifier.network.transport import IDLE_S, Transport
from notifier.upstream.faults import connection_fault, status_fault
from notifier.upstream.page import Page, parse_page

PATH: Final = "/inbox/direct/chats"
HEADERS: Final = {"accept": "application/json", "content-type": "application/json"}
MAX_BYTES: Final = 32 * 1024 * 1024
# Servers close what is idle for longer, and some routers forget it without a word: the
# next request would wait for its deadline. A new connection each minute costs nothing.
LONGEST_KEPT_S: Final = 60.0
AT_ONCE_BYTES: Final = 64 * 1024  # parsed on the event loop, which does nothing else then


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One of a source's two listings, and the token that opens it."""

    source: Source
    listing_type: str
    token: SecretStr


class Client:
    """Asks one upstream for pages; safe to share between listings and tasks.

    ``timeout_s`` bounds a whole request, from connecting to the last byte, and
    ``max_bytes`` its body. ``now`` is consulted where an answer has no ``Date``. With
    ``poll_s``, the time between polls, a connection is kept from one to the next.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float,
        poll_s: float = 0.0,
        max_bytes: int = MAX_BYTES,
        tls: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = base_url.rstrip("/") + PATH
        # asyncio.timeout() bounds the whole request; this tells a host that does not
        # answer at all from one that is slow.
        self._transport = Transport(
            tls=tls,
            connect_s=timeout_s / 3,
            idle_s=poll_s + IDLE_S if poll_s <= LONGEST_KEPT_S else IDLE_S,
        )
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._now = now
        self._parsing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        await self._transport.aclose()

    async def page(self, listing: Listing, number: int) -> Page:
        """Return page ``number`` (from 1) of a listing; raises :class:`UpstreamError`.

        Makes exactly one request: where it met a connection that had been closed
        meanwhile, :class:`UpstreamStaleError`, the next one goes over another.
        Source: the listing's page, "Request".
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                body, served_at = await self._get(listing, number)
        except TimeoutError as error:
            raise UpstreamError(
                f"BotPenguin did not answer in full within {self._timeout_s:g} s"
            ) from error
        except ConnectionFault as fault:
            raise connection_fault(fault) from fault
        return await self._parsed(body, served_at)

    async def _parsed(self, body: bytes, served_at: datetime | None) -> Page:
        """Parse a large body in a thread, and one at a time: they take memory and turns."""
        if len(body) <= AT_ONCE_BYTES:
            return parse_page(body, served_at=served_at)
        async with self._parsing:
            return await asyncio.to_thread(parse_page, body, served_at=served_at)

    async def _get(self, listing: Listing, number: int) -> tuple[bytes, datetime | None]:
        target = _page_target(self._url, listing.source, listing.listing_type, number)
        headers = HEADERS | {"x-bot-token": _sendable(listing.token)}
        request = target.request("GET", headers=headers)
        response = await self._transport.handle_async_request(request)
        try:
            served_at = http_date(response.headers.get("date"))
            if response.status_code != HTTPStatus.OK:
                raise status_fault(
                    response.status_code,
                    retry_after=response.headers.get("retry-after"),
                    now=served_at or self._now(),
                )
            return await self._body(response), served_at
        finally:
            await response.aclose()

    async def _body(self, response: httpx.Response) -> bytes:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            # Never unpacked: 194 kB of gzip can hold 200 MB.
            raise UpstreamError(
                "BotPenguin sent a compressed answer although none was asked for",
                remedy="a proxy between here and BotPenguin must honour Accept-Encoding",
            )
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise UpstreamError(f"BotPenguin sent more than {self._max_bytes} bytes")
        return bytes(body)


@lru_cache(maxsize=1024)  # page 1 of every listing is asked for again and again
def _page_target(base: str, source: Source, listing_type: str, number: int) -> Target:
    params = {
        "botId": source.bot_id,
        "customerId": source.customer_id,
        "page": str(number),
        "type": listing_type,
    }
    try:
        return target_of(f"{base}?{urlencode(params)}")
    except ValueError:
        raise ConnectionFault(Reason.ADDRESS) from None


def _sendable(token: SecretStr) -> str:
    """Return the token, or refuse one that the HTTP library would quote in its error."""
    value = token.get_secret_value()
    if not value or not value.isascii() or not value.isprintable() or value != value.strip():
        raise UpstreamRefusedError(
            "the token is empty or has characters that no HTTP header can carry",
            remedy="copy x-bot-token again, without spaces, quotes or line ends",
        )
    return value
