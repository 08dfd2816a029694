"""A channel's tempo: how soon the next message may follow, whichever lane sends it."""

import asyncio

from notifier.errors import DeliveryError, RecipientRefusedError, TemporaryDeliveryError

LONGEST_PAUSE_S = 3600.0


class Pace:
    """Shared by the destinations that post to the same channel.

    Between two messages lie ``interval_s`` seconds, 0 for none, and more where
    the channel asks for a pause. ``turn`` is held from looking at the tempo until
    the message is on its way, so that two lanes cannot both find it free.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._ready_s = self._paused_s = 0.0  # until when, by the loop's clock
        self.turn = asyncio.Lock()

    def wait_s(self) -> float:
        """Return how long nothing may be sent, 0 where something may."""
        return max(max(self._ready_s, self._paused_s) - _now_s(), 0.0)

    def sent(self, failure: DeliveryError | None = None) -> None:
        """Note that a message has left, or how it ended.

        Where one recipient refused, nothing was posted: the next need not wait.
        """
        if not self._interval_s:
            return
        is_posted = not isinstance(failure, RecipientRefusedError)
        self._ready_s = _now_s() + (self._interval_s if is_posted else 0.0)
        if isinstance(failure, TemporaryDeliveryError) and failure.retry_after_s:
            pause_s = min(failure.retry_after_s, LONGEST_PAUSE_S)
            self._paused_s = max(self._paused_s, _now_s() + pause_s)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
