"""What an attempt's outcome means for its delivery.

Pure and total: every delivery error has its meaning here, and what it means for the
destination in :mod:`notifier.core.destination_state`.

A *message* that fails while its destination works is tried again by a schedule
and dies at its end. A *destination* that fails three times in a row is probed
instead, and probes use up no attempts: an outage kills no message.
"""

from dataclasses import dataclass
from enum import StrEnum

from notifier.errors import (
    DeliveryError,
    DestinationGoneError,
    DestinationRefusedError,
    PermanentDeliveryError,
    RecipientRefusedError,
    SkippedDeliveryError,
    TemporaryDeliveryError,
    UnsureDeliveryError,
)

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000

UNRESOLVED = "unresolved assignee"

# Standard Webhooks 1.0, "Deliverability and reliability": the recommended schedule.
RETRY_AFTER_MS = (
    5 * SECOND_MS,
    5 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    5 * HOUR_MS,
    10 * HOUR_MS,
    14 * HOUR_MS,
    20 * HOUR_MS,
    24 * HOUR_MS,
)
LONGEST_RETRY_AFTER_MS = 24 * HOUR_MS
JITTER = 0.1  # of the pause, added
SEND_ALONE_AFTER = 2
DEAD_AFTER_CRASHES = 5


class State(StrEnum):
    """What has become of a delivery; everything but ``PENDING`` is final."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a message is tried: ``retry:`` on a destination overrides it."""

    attempts: int = len(RETRY_AFTER_MS) + 1
    max_age_ms: int = 80 * HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What to record of a delivery: ``at_ms`` is when it ended, or is due again."""

    state: State
    attempts: int
    at_ms: int
    error: str = ""
    reason: str = ""


def conclude(
    failure: DeliveryError | None,
    *,
    attempts: int,
    planned_ms: int,
    policy: Policy,
    probe: bool,
    now_ms: int,
    jitter: float,
) -> Outcome:
    """Return what becomes of a delivery after an attempt.

    ``attempts`` are those before this one, ``probe`` says that it was sent to a
    destination in trouble, ``jitter`` lies in [0, 1).
    """
    counted = attempts + 1
    if failure is None:
        return Outcome(state=State.DELIVERED, attempts=counted, at_ms=now_ms)
    error = _told(failure)
    if isinstance(failure, SkippedDeliveryError):
        return Outcome(state=State.SKIPPED, attempts=counted, at_ms=now_ms, reason=str(failure))
    if _is_for_good(failure):
        return Outcome(
            state=State.DEAD, attempts=counted, at_ms=now_ms, error=error, reason="refused"
        )
    if _is_of_destination(failure, probe=probe):
        return _kept(attempts, now_ms, error, planned_ms, policy)
    latest_ms = planned_ms + policy.max_age_ms
    # An attempt that only looked for an earlier one has sent nothing: it is not the last.
    is_last = counted >= policy.attempts and not isinstance(failure, UnsureDeliveryError)
    if is_last or now_ms + wished_ms(failure) >= latest_ms:
        reason = f"gave up after {counted} attempt{'' if counted == 1 else 's'}"
        return Outcome(
            state=State.DEAD, attempts=counted, at_ms=now_ms, error=error, reason=reason
        )
    # The last pause is cut short where the age would otherwise eat an attempt.
    at_ms = min(now_ms + retry_pause_ms(counted, failure, jitter), latest_ms)
    return Outcome(state=State.PENDING, attempts=counted, at_ms=at_ms, error=error)


def _is_for_good(failure: DeliveryError) -> bool:
    if isinstance(failure, RecipientRefusedError):
        return failure.for_good
    return isinstance(failure, PermanentDeliveryError)


def _is_of_destination(failure: DeliveryError, *, probe: bool) -> bool:
    """Whether the trouble is the destination's, so that it costs the message nothing."""
    # A look that fails is counted even of a probe: after some the message goes out unlooked.
    if isinstance(failure, RecipientRefusedError | UnsureDeliveryError):
        return False
    return probe or isinstance(failure, DestinationRefusedError | DestinationGoneError)


def retry_pause_ms(attempt: int, failure: DeliveryError, jitter: float) -> int:
    """Return the pause after the ``attempt``-th failure; the receiver's wish wins if longer."""
    scheduled = RETRY_AFTER_MS[min(attempt, len(RETRY_AFTER_MS)) - 1]
    return max(int(scheduled * (1 + JITTER * jitter)), wished_ms(failure))


def wished_ms(failure: DeliveryError) -> int:
    """Return how long the receiver asked us to wait, within reason."""
    if not isinstance(failure, TemporaryDeliveryError) or not failure.retry_after_s:
        return 0
    # Clamped before it is a whole number: infinity has none.
    return int(min(max(failure.retry_after_s, 0.0), LONGEST_RETRY_AFTER_MS / 1000) * 1000)


def _kept(attempts: int, now_ms: int, error: str, planned_ms: int, policy: Policy) -> Outcome:
    """The delivery waits for its destination, up to its age; nothing is counted."""
    if now_ms - planned_ms >= policy.max_age_ms:
        return Outcome(
            state=State.DEAD, attempts=attempts, at_ms=now_ms, error=error, reason="too old"
        )
    return Outcome(state=State.PENDING, attempts=attempts, at_ms=now_ms, error=error)


def _told(failure: DeliveryError) -> str:
    return f"{failure} ({failure.remedy})" if failure.remedy else str(failure)
