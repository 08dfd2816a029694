"""How long a source waits after a failed request; pure."""

from notifier.errors import UpstreamError, UpstreamPausedError, UpstreamRefusedError

SHORTEST_S = 1.0
LONGEST_S = 300.0
PROBE_S = 60.0


def pause_s(error: UpstreamError, *, failures: int, jitter: float) -> float:
    """Return the seconds until the source may ask again.

    ``failures`` counts the failed requests in a row, this one included;
    ``jitter`` lies in [0, 1). A refusal is probed once a minute. A 429 waits in
    the token's budget, for all who share it, and not here.
    """
    if isinstance(error, UpstreamPausedError):
        return 0.0
    if isinstance(error, UpstreamRefusedError):
        return PROBE_S
    return exponential_s(failures, jitter=jitter, first_s=SHORTEST_S, most_s=LONGEST_S)


def exponential_s(failures: int, *, jitter: float, first_s: float, most_s: float) -> float:
    """Return ``first_s`` doubled with every failure, up to half of it taken off by jitter."""
    # Beyond 2**16 the cap holds anyway, and a float would one day overflow.
    longest = min(most_s, first_s * (1 << min(failures - 1, 16)))
    return max(first_s, longest * (1 - jitter / 2))
