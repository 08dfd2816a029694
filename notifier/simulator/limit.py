"""The upstream's limit on requests, per token, over a sliding minute."""

import math
from collections import defaultdict, deque

MINUTE_S = 60.0


class Limit:
    """Counts the requests of each token; ``per_minute`` of ``None`` lets all pass."""

    def __init__(self, per_minute: int | None) -> None:
        self.per_minute = per_minute
        self._passed: defaultdict[str, deque[float]] = defaultdict(deque)

    def refuse(self, token: str, *, now_s: float) -> int | None:
        """Count a request; or return the whole seconds after which one would pass.

        A refused request does not count.
        """
        if self.per_minute is None:
            return None
        passed = self._passed[token]
        while passed and passed[0] <= now_s - MINUTE_S:
            passed.popleft()
        if len(passed) < self.per_minute:
            passed.append(now_s)
            return None
        return math.ceil(passed[0] + MINUTE_S - now_s) if passed else int(MINUTE_S)
