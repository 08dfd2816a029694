"""Moments as people read them in a table."""

from datetime import datetime, tzinfo

from notifier.core.rows import instant, moment_of

THIS_YEAR_DAYS = 300


def short(moment: datetime, zone: tzinfo, *, at: datetime) -> str:
    """Return ``10:04:31``, of another day ``2 Mar 10:04``, of long ago ``2 Mar 2023``."""
    local = moment.astimezone(zone)
    if local.date() == at.astimezone(zone).date():
        return f"{local:%H:%M:%S}"
    if abs((at - moment).days) > THIS_YEAR_DAYS:
        return f"{local.day} {local:%b %Y}"
    return f"{local.day} {local:%b %H:%M}"


def short_ms(at_ms: int, zone: tzinfo, *, at: datetime) -> str:
    """Return :func:`short` of milliseconds since 1970."""
    return short(moment_of(at_ms), zone, at=at)


def short_iso(text: str | None, zone: tzinfo, *, at: datetime) -> str | None:
    """Return :func:`short` of an ISO time, ``None`` where there is none."""
    moment = instant(text)
    return None if moment is None else short(moment, zone, at=at)
