"""When a request may go out: pure decisions over recorded times, for upstream and store."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A second more than the minute the upstream counts: what leaves us 60.1 s apart
# may arrive 59.9 s apart.
WINDOW_MS = 61_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The answer to one request for a request.

    ``wait_ms`` is 0 where it is granted. ``times_ms`` is what the record holds
    from now on, oldest first: it ends with the granted request itself.
    """

    wait_ms: int
    times_ms: tuple[int, ...]


def claim(times_ms: Sequence[int], *, limit: int, now_ms: int) -> Claim:
    """Grant a request unless ``limit`` others lie within :data:`WINDOW_MS` before it.

    ``times_ms`` may come in any order. One later than the clock allows (a reboot,
    a clock set back) counts as now: it delays by a window, and not by hours.
    """
    recent = sorted(
        now_ms if at > now_ms + WINDOW_MS else at for at in times_ms if at > now_ms - WINDOW_MS
    )
    if len(recent) < limit:
        return Claim(wait_ms=0, times_ms=(*recent, now_ms))
    return Claim(wait_ms=recent[-limit] + WINDOW_MS - now_ms, times_ms=tuple(recent))


def retry_after_s(value: str | None, *, now: datetime, most_s: float) -> float | None:
    """Return the seconds a ``Retry-After`` header asks for, at most ``most_s``.

    ``None`` where it is unusable: absent, no number and no date, or not in the
    future of ``now``. Source: RFC 9110, 10.2.3.
    """
    seconds = _seconds(value.strip(), now) if value else None
    return min(seconds, most_s) if seconds is not None and seconds > 0 else None


def _seconds(value: str, now: datetime) -> float | None:
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return float(value)
    moment = http_date(value)
    return (moment - now).total_seconds() if moment else None


def http_date(value: str | None) -> datetime | None:
    """Return the moment in an HTTP date, or ``None`` where there is none."""
    try:
        moment = parsedate_to_datetime(value or "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
