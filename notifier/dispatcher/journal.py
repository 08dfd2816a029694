"""What a turn brought, in the log."""

import structlog

from notifier.core.destination_state import Health
from notifier.core.outcome import State
from notifier.crashes import Crashes
from notifier.transactions.turn import Turn

log = structlog.get_logger()


def log_turn(name: str, turn: Turn, faults: Crashes) -> None:
    """Tell of each trouble in a line of its own, of all that went well in one."""
    _log_standing(name, turn)
    for fault in turn.faults:
        log.error("turn_incomplete", destination=name, **faults.details(fault))
    well: list[int] = []
    for claimed, outcome in turn.ended:
        if outcome.state is State.DELIVERED and not outcome.error:
            well.append(claimed.id)
            continue
        told = {
            "delivery": claimed.id,
            "destination": name,
            "state": outcome.state.value,
            "attempts": outcome.attempts,
            "error": outcome.error or outcome.reason,
        }
        if outcome.state is State.DEAD:
            log.warning("delivery_ended", **told)
        elif outcome.state is State.PENDING:
            log.info("delivery_retried", **told)
        else:
            log.info("delivery_ended", **told)
    if well:
        log.info("delivered", destination=name, deliveries=well)


def _log_standing(name: str, turn: Turn) -> None:
    """Tell where the destination went down, or came back."""
    before, now = turn.before.health, turn.state
    if now.health is before:
        return
    if now.health is Health.UP:
        log.info("destination_up", destination=name)
    else:
        state = now.health.value
        log.warning(
            "destination_down",
            destination=name,
            state=state,
            reason=now.reason,
            remedy=now.remedy,
        )
