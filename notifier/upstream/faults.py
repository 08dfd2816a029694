"""What went wrong with a request, in words for the operator.

Nothing here quotes the upstream, the HTTP library, a URL or a token.
"""

import os
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import datetime

import aiohttp

from notifier.connections import UnreadableAnswerError
from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamRefusedError
from notifier.pacing import retry_after_s

MAX_PAUSE_S = 60 * 60
NUMBERS = re.compile(r"\[Errno (\d+)\]")

REFUSED = {
    400: (
        "the upstream refused the request (400)",
        "check the source's bot id and customer id",
    ),
    401: (
        "the upstream refused the token (401)",
        "check the token, or ask support@botpenguin.com for a new one",
    ),
    403: (
        "the upstream denies this token access to the bot (403)",
        "check that token, bot id and customer id match, or ask support@botpenguin.com",
    ),
}


def status_fault(status: int, *, retry_after: str | None, now: datetime) -> UpstreamError:
    """Return the error for an answer other than 200; ``now`` is the upstream's, if it told."""
    if status in REFUSED:
        problem, remedy = REFUSED[status]
        return UpstreamRefusedError(problem, remedy=remedy)
    if status == 429:
        return UpstreamPausedError(
            "the upstream counts too many requests for this token (429)",
            retry_after_s=retry_after_s(retry_after, now=now, most_s=MAX_PAUSE_S),
        )
    if 300 <= status < 400:
        return UpstreamError(
            f"the upstream answered with a redirect ({status}), which is not followed: "
            "a token is not sent to another address",
            remedy="set NOTIFIER_BASE_URL to the address that really serves the listing",
        )
    if status == 404:
        return UpstreamError(
            "the upstream has no listing at this address (404)",
            remedy="check NOTIFIER_BASE_URL",
        )
    if status >= 500:
        return UpstreamError(f"the upstream has a fault of its own ({status})")
    return UpstreamError(f"the upstream answered {status} where 200 belongs")


def connection_fault(error: BaseException) -> UpstreamError:
    """Return the error for a request that got no complete answer."""
    if isinstance(error, aiohttp.ClientResponseError | UnreadableAnswerError):
        return UpstreamError(
            "the upstream answered, but not as HTTP can be read",
            remedy="where it lasts, check NOTIFIER_BASE_URL: https or http, host and port",
        )
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UpstreamError(
                f"the upstream's TLS certificate is not valid: {cause.verify_message}",
                remedy="check NOTIFIER_BASE_URL and this host's clock, "
                "or have the upstream renew its certificate",
            )
        if isinstance(cause, ssl.SSLError):
            return UpstreamError(
                "no secure connection to the upstream: its TLS is broken or not TLS at all",
                remedy="check NOTIFIER_BASE_URL: https or http, host and port",
            )
        if isinstance(cause, OSError | ValueError):
            return UpstreamError(
                f"no connection to the upstream: {_words(cause)}",
                remedy="check NOTIFIER_BASE_URL, DNS and the network",
            )
    return UpstreamError(
        "the upstream broke the connection off, or does not speak HTTP",
        remedy="where it lasts, check NOTIFIER_BASE_URL: https or http, host and port",
    )


def _words(error: OSError | ValueError) -> str:
    match error:
        case socket.gaierror() | ValueError():
            return "its name has no address"
        case ConnectionRefusedError():
            return "nobody listens there"
        case TimeoutError():
            return "nobody answers there"
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            # asyncio sums up what each of a host's addresses said: the last will do.
            numbers = NUMBERS.findall(str(error))
            return _words(OSError(int(numbers[-1]), "")) if numbers else "no address answers"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield what led to an error, less aiohttp's own, which pose as what caused them."""
    while error is not None:
        if not isinstance(error, aiohttp.ClientError):
            yield error
        error = error.__cause__ or error.__context__
