"""One bounded request and what was said to it, where the status is all that counts."""

import asyncio
from dataclasses import dataclass

import httpx

from notifier.cleaning import clean
from notifier.network.faults import ConnectionFault, silent

# More than is kept of a refusal: a secret that it repeats must be whole to be found.
EXCERPT_BYTES = 4096
# A short answer read to its end lets the connection be used again; an endless
# one must not hold up a delivery that has already succeeded.
DRAIN_BYTES = 64 * 1024
DRAIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server said; ``excerpt`` is the start of its body as text.

    ``cut``: the body broke off, or did not come in time.
    """

    status: int
    headers: httpx.Headers
    excerpt: str = ""
    cut: bool = False

    @property
    def taken(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300


async def ask(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, *, timeout_s: float
) -> Answer:
    """Make one request and return the answer, whatever its status.

    The deadline covers everything up to the answer's headers; of the body the first
    4 KiB that arrive in time are kept. Raises :class:`ConnectionFault` where no
    answer came.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    try:
        async with asyncio.timeout_at(deadline):
            response = await transport.handle_async_request(request)
    except TimeoutError:
        raise silent(timeout_s) from None
    try:
        return await _read(response, deadline=deadline)
    finally:
        await response.aclose()


async def _read(response: httpx.Response, *, deadline: float) -> Answer:
    """Read a refusal's first words; of a success, what comes at once.

    Never fails: the status has already decided what becomes of the delivery.
    """
    limit, cut = EXCERPT_BYTES, False
    if response.is_success:
        limit = DRAIN_BYTES
        deadline = min(deadline, asyncio.get_running_loop().time() + DRAIN_S)
    found = bytearray()
    try:
        async with asyncio.timeout_at(deadline):
            async for chunk in response.aiter_raw():
                found += chunk
                if len(found) >= limit:
                    break
    except (TimeoutError, ConnectionFault):
        cut = True
    return Answer(
        status=response.status_code,
        headers=response.headers,
        excerpt=clean(bytes(found[:EXCERPT_BYTES])),
        cut=cut,
    )
