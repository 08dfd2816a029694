"""When a source counts as down, and when as up again; pure."""

from dataclasses import dataclass
from enum import StrEnum

from notifier.errors import UpstreamError, UpstreamRefusedError

FAULTS_IN_A_ROW = 3
SILENCE_MS = 15 * 60 * 1000


def silence_ms(interval_ms: int) -> int:
    """Return after how long without a good answer a source polled so often is down.

    At least 15 minutes, and at least two polls.
    """
    return max(SILENCE_MS, 2 * interval_ms)


class SourceState(StrEnum):
    """Whether a source's listing can be read."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A change of state that people are told of, in words for them."""

    state: SourceState
    reason: str
    remedy: str = ""


@dataclass(slots=True, kw_only=True)
class SourceHealth:
    """One source's state, told of exactly once at each turn.

    ``last_good_ms`` is the last good answer, or the start of the program;
    ``state`` is what was last told, so that a restart tells nothing twice.
    ``reason`` is the latest fault, also while the source still counts as up.
    ``silence_ms``: without a good answer for this long the source is down.
    """

    last_good_ms: int
    silence_ms: int = SILENCE_MS
    state: SourceState = SourceState.UP
    failures: int = 0
    reason: str = ""
    remedy: str = ""

    def good(self, now_ms: int) -> Transition | None:
        """Take in a good answer."""
        self.last_good_ms = now_ms
        self.failures, self.reason, self.remedy = 0, "", ""
        if self.state is SourceState.UP:
            return None
        self.state = SourceState.UP
        return Transition(state=SourceState.UP, reason="BotPenguin answers again")

    def bad(self, error: UpstreamError, now_ms: int) -> Transition | None:
        """Take in a failed request: a refusal counts at once, other faults when they stay."""
        self.failures += 1
        self.reason, self.remedy = str(error), error.remedy
        if isinstance(error, UpstreamRefusedError) or self.failures >= FAULTS_IN_A_ROW:
            return self._down(self.reason)
        return self.silent(now_ms)

    def silent(self, now_ms: int) -> Transition | None:
        """Look at the clock: no good answer for too long is down, whatever the cause."""
        if now_ms - self.last_good_ms < self.silence_ms:
            return None
        minutes = self.silence_ms // 60_000
        return self._down(
            self.reason or f"no good answer from BotPenguin for {minutes} minutes"
        )

    def untold(self, transition: Transition) -> None:
        """Take a transition back that could not be stored: it is to be told later."""
        self.state = SourceState.DOWN if transition.state is SourceState.UP else SourceState.UP

    def _down(self, reason: str) -> Transition | None:
        if self.state is SourceState.DOWN:
            return None
        self.state = SourceState.DOWN
        return Transition(state=SourceState.DOWN, reason=reason, remedy=self.remedy)
