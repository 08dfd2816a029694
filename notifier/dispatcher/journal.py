"""What a turn brought, in the log."""

import structlog

from notifier.conclude import State
from notifier.dispatcher.turn import Turn

log = structlog.get_logger()


def log_turn(name: str, turn: Turn) -> None:
    """Tell of each trouble in a line of its own, of all that went well in one."""
    well: list[int] = []
    for claimed, outcome in turn.ended:
        if outcome.state is State.DELIVERED and not outcome.error:
            well.append(claimed.id)
            continue
        event = "delivery_retried" if outcome.state is State.PENDING else "delivery_ended"
        log.info(
            event,
            delivery=claimed.id,
            destination=name,
            state=outcome.state.value,
            attempts=outcome.attempts,
            error=outcome.error or outcome.reason,
        )
    if well:
        log.info("delivered", destination=name, deliveries=well)
