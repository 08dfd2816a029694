"""HTTP for deliveries: what a request without an answer, or a pause, means for them."""

from collections.abc import Mapping
from datetime import datetime

from notifier.core import pacing
from notifier.errors import DeliveryError, DestinationRefusedError, TemporaryDeliveryError
from notifier.network.faults import ConnectionFault, Reason

LONGEST_RETRY_AFTER_S = 24 * 60 * 60.0
# What does not mend itself, and how a person mends it.
REMEDIES = {
    Reason.FORBIDDEN: "send to a host that is not link-local",
    Reason.ADDRESS: "write the host's name, or its address in the usual form",
}


def no_answer(host: str, fault: ConnectionFault) -> DeliveryError:
    """Return our error for a request without an answer; the text names ``host`` alone."""
    if remedy := REMEDIES.get(fault.reason):
        return DestinationRefusedError(fault.told(host), remedy=remedy)
    return TemporaryDeliveryError(fault.told(host))


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds a ``Retry-After`` asks for, at most 24 hours.

    ``None`` where it is absent, unreadable, or not in the future.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    return pacing.retry_after_s(lower.get("retry-after"), now=now, most_s=LONGEST_RETRY_AFTER_S)
