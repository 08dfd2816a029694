"""One attempt to send: what came of it, or why nothing did."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from notifier.dispatcher.pace import Pace
from notifier.errors import (
    DeliveryError,
    LeaseLostError,
    ProgramFaultError,
    TemporaryDeliveryError,
)
from notifier.store.savepoints import words

LONGEST_SEND_S = 90.0  # a guard: every kind bounds its own attempts far below

T = TypeVar("T")

log = structlog.get_logger()


async def attempt(
    sending: Coroutine[Any, Any, T], *, destination: str, pace: Pace
) -> tuple[T | None, DeliveryError | None]:
    """Return what ``sending`` returns, or the failure it ends with; never raises a bug.

    ``pace`` notes when it ended, and how.
    """
    failure: DeliveryError | None = None
    try:
        async with asyncio.timeout(LONGEST_SEND_S):
            return await sending, None
    except DeliveryError as error:
        failure = error
    except LeaseLostError as error:
        # Its recording fails, too: another member sends it.
        failure = TemporaryDeliveryError(str(error))
    except TimeoutError:
        # Also where the process was held for as long: both deadlines are over then.
        failure = TemporaryDeliveryError(f"no end within {LONGEST_SEND_S:.0f} seconds")
    except Exception as error:
        # Broad: a bug that one message meets must not stop the others.
        log.exception("send_crashed", destination=destination)
        failure = ProgramFaultError(words(error))
    finally:
        pace.sent(failure)
    return None, failure
