"""HTTP for deliveries: what a request without an answer, or a pause, means for them."""

from collections.abc import Mapping
from datetime import datetime

import httpx

from notifier import pacing
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError
from notifier.network.exchange import Answer, ask
from notifier.network.faults import ConnectionFault, Reason
from notifier.network.targets import Target

LONGEST_RETRY_AFTER_S = 24 * 60 * 60.0
# What does not mend itself, and how a person mends it.
REMEDIES = {
    Reason.FORBIDDEN: "send to a host that is not link-local",
    Reason.ADDRESS: "write the host's name, or its address in the usual form",
}


async def exchange(
    transport: httpx.AsyncBaseTransport,
    method: str,
    target: Target,
    *,
    timeout_s: float,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make one request and return the answer, whatever its status; see :func:`ask`.

    Raises :class:`TemporaryDeliveryError` where no answer came and
    :class:`DestinationRefusedError` for an address nothing is delivered to. Their
    texts name the host alone.
    """
    request = target.request(method, headers=headers or {}, body=body)
    try:
        return await ask(transport, request, timeout_s=timeout_s)
    except ConnectionFault as fault:
        raise no_answer(target.host, fault) from None


def no_answer(host: str, fault: ConnectionFault) -> DeliveryError:
    """Return our error for a request without an answer; the text names it ``host``."""
    if remedy := REMEDIES.get(fault.reason):
        return DestinationRefusedError(fault.told(host), remedy=remedy)
    return TemporaryDeliveryError(fault.told(host))


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds a ``Retry-After`` asks for, at most 24 hours.

    ``None`` where it is absent, unreadable, or not in the future.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    return pacing.retry_after_s(lower.get("retry-after"), now=now, most_s=LONGEST_RETRY_AFTER_S)
