"""What went wrong with a request, in words for the operator.

Nothing here quotes the upstream, the HTTP library, a URL or a token.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from notifier.core.pacing import retry_after_s
from notifier.errors import (
    UpstreamError,
    UpstreamPausedError,
    UpstreamRefusedError,
    UpstreamStaleError,
)
from notifier.network.faults import ConnectionFault, Reason

UPSTREAM: Final = "BotPenguin"
MAX_PAUSE_S = 60 * 60
UNREACHED = "check NOTIFIER_BASE_URL, DNS and the network"
MISREAD = "where it lasts, check NOTIFIER_BASE_URL: https or http, host and port"
REMEDIES: Mapping[Reason, str] = {
    Reason.FORBIDDEN: "set NOTIFIER_BASE_URL to a host that is not link-local",
    Reason.CERTIFICATE: "check NOTIFIER_BASE_URL and this host's clock, "
    "or have BotPenguin renew its certificate",
    Reason.TLS: "check NOTIFIER_BASE_URL: https or http, host and port",
    Reason.UNREADABLE: MISREAD,
    Reason.BROKEN_OFF: MISREAD,
}

REFUSED = {
    400: (
        "BotPenguin refused the request (400)",
        "check the source's bot id and customer id",
    ),
    401: (
        "BotPenguin refused the token (401)",
        "check the token, or ask support@botpenguin.com for a new one",
    ),
    403: (
        "BotPenguin denies this token access to the bot (403)",
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
            "BotPenguin counts too many requests for this token (429)",
            retry_after_s=retry_after_s(retry_after, now=now, most_s=MAX_PAUSE_S),
        )
    if 300 <= status < 400:
        return UpstreamError(
            f"BotPenguin answered with a redirect ({status}), which is not followed: "
            "a token is not sent to another address",
            remedy="set NOTIFIER_BASE_URL to the address that really serves the listing",
        )
    if status == 404:
        return UpstreamError(
            "BotPenguin has no listing at this address (404)",
            remedy="check NOTIFIER_BASE_URL",
        )
    if status >= 500:
        return UpstreamError(f"BotPenguin has a fault of its own ({status})")
    return UpstreamError(f"BotPenguin answered {status} where 200 belongs")


def connection_fault(fault: ConnectionFault) -> UpstreamError:
    """Return the error for a request that got no complete answer."""
    made = UpstreamStaleError if fault.is_stale else UpstreamError
    return made(fault.told(UPSTREAM), remedy=REMEDIES.get(fault.reason, UNREACHED))
