"""When the head polls of a listing are due: at fixed distances, or when asked for; pure."""

from dataclasses import dataclass

START_STEP_MS = 20
POKE_STEP_MS = 1_000  # between two head polls that somebody asked for


def first_polls(count: int, *, now_ms: int, interval_ms: int) -> list[int]:
    """Return when to poll each of ``count`` sources first.

    The first source at once, the others evenly after it: at one instant they would
    crowd out each other, at every interval anew. All within one interval.
    """
    step_ms = min(START_STEP_MS, interval_ms / max(count, 1))
    return [now_ms + int(place * step_ms) for place in range(count)]


@dataclass(slots=True, kw_only=True)
class HeadTimes:
    """Moments are milliseconds of a clock that never jumps.

    ``due_ms`` is at first the moment from which head polls keep their distance, however
    long each takes; one that is past already is due. ``poke_due_ms`` is when one is due
    that somebody asked for, beside those at fixed distances.
    """

    interval_ms: int
    due_ms: int = 0
    poke_due_ms: int | None = None
    _next_poke_ms: int = 0

    @property
    def next_ms(self) -> int:
        """When the next head poll is due."""
        return self.due_ms if self.poke_due_ms is None else min(self.due_ms, self.poke_due_ms)

    def poke(self, *, now_ms: int) -> bool:
        """Make a head poll due; False where one is, or soon will be.

        At once, though not within a second of the last one that was asked for. A head
        poll that is under way may have read page 1 already: another one follows it.
        """
        if self.poke_due_ms is not None:
            return False
        self.poke_due_ms = max(now_ms, self._next_poke_ms)
        return True

    def begin(self, *, now_ms: int) -> None:
        """Note that a poll begins: of those missed in a pause none is made up for."""
        if self.poke_due_ms is not None:
            self.poke_due_ms, self._next_poke_ms = None, now_ms + POKE_STEP_MS
        if now_ms >= self.due_ms:
            missed = (now_ms - self.due_ms) // self.interval_ms
            self.due_ms += (1 + missed) * self.interval_ms

    def owe(self) -> None:
        """Note that a poll was given up: it is due at once."""
        self.due_ms -= self.interval_ms
