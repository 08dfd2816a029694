"""When a request may go out: pure decisions over recorded times, for upstream and store."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# A second more than the minute the upstream counts: what leaves us 60.1 s apart
# may arrive 59.9 s apart.
WINDOW_MS = 61_000


def wait_ms(counted_ms: int | None, *, now_ms: int) -> int:
    """Return the milliseconds until a request may be made, 0 for now.

    ``counted_ms`` is when the one was made that is as many requests back as the limit
    allows in :data:`WINDOW_MS`, ``None`` where there were fewer.
    """
    return 0 if counted_ms is None else max(counted_ms + WINDOW_MS - now_ms, 0)


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
