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
class DestinationState:
    """A destination's health with its history: failures in a row, and the next probe."""

    health: Health = Health.UP
    failures: int = 0
    since_ms: int | None = None
    probe_ms: int | None = None
    reason: str = ""
    remedy: str = ""


def is_down(state: DestinationState, now_ms: int) -> bool:
    """Whether the trouble is worth an alert: parked, disabled, or failing for 5 minutes."""
    if state.health in (Health.PARKED, Health.DISABLED):
        return True
    failing = state.health is Health.FAILING and state.since_ms is not None
    return failing and now_ms - (state.since_ms or 0) >= TELL_DOWN_AFTER_MS


def state_after(
    failure: DeliveryError | None, state: DestinationState, *, probe: bool, now_ms: int
) -> DestinationState:
    """Return the destination's state after an attempt that met ``failure``.

    A refusal of the message itself proves that the destination works, one by its
    recipient says nothing. A disabled destination stays disabled whatever a late
    answer says.
    """
    if state.health is Health.DISABLED or isinstance(failure, SkippedDeliveryError):
        return state
    if isinstance(failure, RecipientRefusedError):
        return _not_probed(state, now_ms) if probe else state
    if failure is None or isinstance(failure, PermanentDeliveryError):
        return DestinationState()
    if state.health is not Health.UP and not probe and not _is_worse(failure, state):
        return state  # sent before the trouble was known: it says nothing new
    if state.health is Health.UP and isinstance(failure, ProgramFaultError):
        return state  # a bug that one message meets keeps no other back
    troubled = replace(
        state,
        failures=state.failures + 1,
        since_ms=state.since_ms or now_ms,
        reason=str(failure),
        remedy=failure.remedy,
    )
    return _in_trouble(troubled, failure, now_ms)


def failing_for(reason: str, state: DestinationState, *, now_ms: int) -> DestinationState:
    """Return the state of a destination whose work fails with a fault of the program."""
    return replace(
        state,
        health=Health.FAILING,
        failures=FAILURES_UNTIL_FAILING,
        since_ms=now_ms,
        probe_ms=now_ms + FIRST_PROBE_MS,
        reason=reason,
        remedy="please report it, with the log's lines",
    )


def _is_worse(failure: DeliveryError, state: DestinationState) -> bool:
    """Whether a late answer tells of more than the trouble that is known already."""
    if isinstance(failure, DestinationRefusedError):
        return state.health is Health.FAILING
    return isinstance(failure, DestinationGoneError)


def _in_trouble(
    state: DestinationState, failure: DeliveryError, now_ms: int
) -> DestinationState:
    if isinstance(failure, DestinationGoneError):
        return replace(state, health=Health.DISABLED, probe_ms=None)
    refused = isinstance(failure, DestinationRefusedError)
    if refused or state.health is Health.PARKED:
        return replace(state, health=Health.PARKED, probe_ms=now_ms + SLOWEST_PROBE_MS)
    if state.failures < FAILURES_UNTIL_FAILING:
        return state
    probe_ms = now_ms + max(_probe_pause_ms(state.failures), wished_ms(failure))
    return replace(state, health=Health.FAILING, probe_ms=probe_ms)


def _not_probed(state: DestinationState, now_ms: int) -> DestinationState:
    """Return the state after a probe that told nothing: the next comes as that one did."""
    if state.health is Health.UP:
        return state
    is_parked = state.health is Health.PARKED
    pause_ms = SLOWEST_PROBE_MS if is_parked else _probe_pause_ms(state.failures)
    return replace(state, probe_ms=now_ms + pause_ms)


def _probe_pause_ms(failures: int) -> int:
    doublings = min(failures - FAILURES_UNTIL_FAILING, 10)
    return min(FIRST_PROBE_MS << doublings, SLOWEST_PROBE_MS)
