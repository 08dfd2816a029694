"""What an attempt's outcome means for its destination: up, failing, parked or disabled.

Pure and total: every delivery error has its meaning here, and what it means for the
delivery in :mod:`notifier.core.outcome`.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from notifier.core.outcome import MINUTE_MS, SECOND_MS, wished_ms
from notifier.errors import (
    DeliveryError,
    DestinationGoneError,
    DestinationRefusedError,
    PermanentDeliveryError,
    ProgramFaultError,
    RecipientRefusedError,
    SkippedDeliveryError,
)

TELL_DOWN_AFTER_MS = 5 * MINUTE_MS
DISABLED_BY_HAND = "disabled by hand"
FAILURES_UNTIL_FAILING = 3
FIRST_PROBE_MS = 5 * SECOND_MS
SLOWEST_PROBE_MS = 5 * MINUTE_MS


class Health(StrEnum):
    """How a destination is; ``DISABLED`` ends only by a person's hand."""

    UP = "up"
    FAILING = "failing"
    PARKED = "parked"
    DISABLED = "disabled"


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
    probe_ms = now_ms + max(_probe_pause_ms(standing.failures), wished_ms(failure))
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
