"""What an attempt's outcome means for its delivery and for its destination.

Pure and total: every delivery error has its meaning here and nowhere else.

A *message* that fails while its destination works is tried again by a schedule
and dies at its end. A *destination* that fails three times in a row is probed
instead, and probes use up no attempts: an outage kills no message.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from notifier.errors import (
    DeliveryError,
    DestinationGoneError,
    DestinationRefusedError,
    PermanentDeliveryError,
    ProgramFaultError,
    RecipientRefusedError,
    SkippedDeliveryError,
    TemporaryDeliveryError,
)

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
TELL_DOWN_AFTER_MS = 5 * MINUTE_MS

UNRESOLVED = "unresolved assignee"
DISABLED_BY_HAND = "disabled by hand"

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
FAILURES_UNTIL_FAILING = 3
FIRST_PROBE_MS = 5 * SECOND_MS
SLOWEST_PROBE_MS = 5 * MINUTE_MS
LOST_UNTIL_ALONE = 2
LOST_UNTIL_DEAD = 5


class State(StrEnum):
    """What has become of a delivery; everything but ``PENDING`` is final."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    SKIPPED = "skipped"


class Health(StrEnum):
    """How a destination is; ``DISABLED`` ends only by a person's hand."""

    UP = "up"
    FAILING = "failing"
    PARKED = "parked"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a message is tried: ``retry:`` on a destination overrides it."""

    attempts: int = len(RETRY_AFTER_MS) + 1
    max_age_ms: int = 80 * HOUR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A destination's health with its history: failures in a row, and the next probe."""

    health: Health = Health.UP
    failures: int = 0
    since_ms: int | None = None
    probe_ms: int | None = None
    reason: str = ""
    remedy: str = ""


def is_down(standing: Standing, now_ms: int) -> bool:
    """Whether the trouble is worth an alert: parked, disabled, or failing for 5 minutes."""
    if standing.health in (Health.PARKED, Health.DISABLED):
        return True
    failing = standing.health is Health.FAILING and standing.since_ms is not None
    return failing and now_ms - (standing.since_ms or 0) >= TELL_DOWN_AFTER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What to record of a delivery: ``due_ms`` where it stays pending."""

    state: State
    attempts: int
    due_ms: int
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
        return Outcome(state=State.DELIVERED, attempts=counted, due_ms=now_ms)
    error = _told(failure)
    if isinstance(failure, SkippedDeliveryError):
        return Outcome(
            state=State.SKIPPED, attempts=counted, due_ms=now_ms, reason=str(failure)
        )
    if _is_for_good(failure):
        return Outcome(
            state=State.DEAD, attempts=counted, due_ms=now_ms, error=error, reason="refused"
        )
    if _is_of_destination(failure, probe=probe):
        return _kept(attempts, now_ms, error, planned_ms, policy)
    latest_ms = planned_ms + policy.max_age_ms
    if counted >= policy.attempts or now_ms + _wished_ms(failure) >= latest_ms:
        reason = f"gave up after {counted} attempt{'' if counted == 1 else 's'}"
        return Outcome(
            state=State.DEAD, attempts=counted, due_ms=now_ms, error=error, reason=reason
        )
    # The last pause is cut short where the age would otherwise eat an attempt.
    due_ms = min(now_ms + retry_pause_ms(counted, failure, jitter), latest_ms)
    return Outcome(state=State.PENDING, attempts=counted, due_ms=due_ms, error=error)


def _is_for_good(failure: DeliveryError) -> bool:
    if isinstance(failure, RecipientRefusedError):
        return failure.for_good
    return isinstance(failure, PermanentDeliveryError)


def _is_of_destination(failure: DeliveryError, *, probe: bool) -> bool:
    """Whether the trouble is the destination's, so that it costs the message nothing."""
    if isinstance(failure, RecipientRefusedError):
        return False
    return probe or isinstance(failure, DestinationRefusedError | DestinationGoneError)


def retry_pause_ms(attempt: int, failure: DeliveryError, jitter: float) -> int:
    """Return the pause after the ``attempt``-th failure; the receiver's wish wins if longer."""
    scheduled = RETRY_AFTER_MS[min(attempt, len(RETRY_AFTER_MS)) - 1]
    return max(int(scheduled * (1 + JITTER * jitter)), _wished_ms(failure))


def _wished_ms(failure: DeliveryError) -> int:
    """Return how long the receiver asked us to wait, within reason."""
    if not isinstance(failure, TemporaryDeliveryError) or not failure.retry_after_s:
        return 0
    # Clamped before it is a whole number: infinity has none.
    return int(min(max(failure.retry_after_s, 0.0), LONGEST_RETRY_AFTER_MS / 1000) * 1000)


def standing_after(
    failure: DeliveryError | None, standing: Standing, *, probe: bool, now_ms: int
) -> Standing:
    """Return the destination's standing after an attempt that met ``failure``.

    A refusal of the message itself proves that the destination works, one by its
    recipient says nothing. A disabled destination stays disabled whatever a late
    answer says.
    """
    if standing.health is Health.DISABLED or isinstance(failure, SkippedDeliveryError):
        return standing
    if isinstance(failure, RecipientRefusedError):
        return _not_probed(standing, now_ms) if probe else standing
    if failure is None or isinstance(failure, PermanentDeliveryError):
        return Standing()
    if standing.health is not Health.UP and not probe and not _is_worse(failure, standing):
        return standing  # sent before the trouble was known: it says nothing new
    if standing.health is Health.UP and isinstance(failure, ProgramFaultError):
        return standing  # a bug that one message meets keeps no other back
    troubled = replace(
        standing,
        failures=standing.failures + 1,
        since_ms=standing.since_ms or now_ms,
        reason=str(failure),
        remedy=failure.remedy,
    )
    return _in_trouble(troubled, failure, now_ms)


def failing_for(reason: str, standing: Standing, *, now_ms: int) -> Standing:
    """Return the standing of a destination whose work fails with a fault of the program."""
    return replace(
        standing,
        health=Health.FAILING,
        failures=FAILURES_UNTIL_FAILING,
        since_ms=now_ms,
        probe_ms=now_ms + FIRST_PROBE_MS,
        reason=reason,
        remedy="please report it, with the log's lines",
    )


def _is_worse(failure: DeliveryError, standing: Standing) -> bool:
    """Whether a late answer tells of more than the trouble that is known already."""
    if isinstance(failure, DestinationRefusedError):
        return standing.health is Health.FAILING
    return isinstance(failure, DestinationGoneError)


def _in_trouble(standing: Standing, failure: DeliveryError, now_ms: int) -> Standing:
    if isinstance(failure, DestinationGoneError):
        return replace(standing, health=Health.DISABLED, probe_ms=None)
    refused = isinstance(failure, DestinationRefusedError)
    if refused or standing.health is Health.PARKED:
        return replace(standing, health=Health.PARKED, probe_ms=now_ms + SLOWEST_PROBE_MS)
    if standing.failures < FAILURES_UNTIL_FAILING:
        return standing
    probe_ms = now_ms + max(_probe_pause_ms(standing.failures), _wished_ms(failure))
    return replace(standing, health=Health.FAILING, probe_ms=probe_ms)


def _not_probed(standing: Standing, now_ms: int) -> Standing:
    """Return the standing after a probe that told nothing: the next comes as that one did."""
    if standing.health is Health.UP:
        return standing
    is_parked = standing.health is Health.PARKED
    pause_ms = SLOWEST_PROBE_MS if is_parked else _probe_pause_ms(standing.failures)
    return replace(standing, probe_ms=now_ms + pause_ms)


def _probe_pause_ms(failures: int) -> int:
    doublings = min(failures - FAILURES_UNTIL_FAILING, 10)
    return min(FIRST_PROBE_MS << doublings, SLOWEST_PROBE_MS)


def _kept(attempts: int, now_ms: int, error: str, planned_ms: int, policy: Policy) -> Outcome:
    """The delivery waits for its destination, up to its age; nothing is counted."""
    if now_ms - planned_ms >= policy.max_age_ms:
        return Outcome(
            state=State.DEAD, attempts=attempts, due_ms=now_ms, error=error, reason="too old"
        )
    return Outcome(state=State.PENDING, attempts=attempts, due_ms=now_ms, error=error)


def _told(failure: DeliveryError) -> str:
    return f"{failure} ({failure.remedy})" if failure.remedy else str(failure)
