"""What a person meant who wrote a duration, hours, days or a cron line another way.

Suggestions alone: nothing here is ever read as if it had been written.
"""

import re

UNITS = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
AMOUNT = re.compile(r"(\d{1,6})\s*([a-z]*)", re.ASCII)
AMOUNTS = re.compile(rf"{AMOUNT.pattern}(?:(?:\s|,|and)*{AMOUNT.pattern})*\.?", re.ASCII)
HALF_HOURS = re.compile(r"(\d{1,4})[.,]5\s*(?:h|hrs?|hours?)", re.ASCII)
WEEKS = re.compile(r"(\d{1,2})\s*(?:w|wk|weeks?)", re.ASCII)
CLOCK = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::00)?", re.ASCII)
TIME = r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)?"
SPAN = re.compile(rf"{TIME}\s*(?:-|–|—|to|until|till)\s*{TIME}", re.ASCII)
RANGE = re.compile(r"([a-z]{3,9})\s*(?:-|–|—|to|until|till|through|thru)\s*([a-z]{3,9})")
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAYS = (
    "weekdays",
    "weekday",
    "workdays",
    "workday",
    "working days",
    "business days",
    "1-5",
)
EVERY_DAY = ("daily", "every day", "everyday", "all", "always", "all days", "1-7")
CRON_WORDS = {
    "daily": "0 9 * * *",
    "@daily": "0 9 * * *",
    "every day": "0 9 * * *",
    "weekly": "0 9 * * mon",
    "@weekly": "0 9 * * mon",
    "hourly": "1h",
    "@hourly": "1h",
}


def meant_duration(text: str) -> str:
    """Return ``15m`` for ``15 min`` or ``00:15``; nothing for ``15``, which is unclear."""
    folded = text.strip().casefold()
    if clock := CLOCK.fullmatch(folded):
        hours, minutes = int(clock[1]), int(clock[2])
        return "".join([f"{hours}h" if hours else "", f"{minutes}m" if minutes else ""])
    if half := HALF_HOURS.fullmatch(folded):
        return f"{half[1]}h30m"
    if week := WEEKS.fullmatch(folded):
        return f"{int(week[1]) * 7}d"
    amounts = AMOUNT.findall(folded) if AMOUNTS.fullmatch(folded) else []
    if any(unit not in UNITS for _, unit in amounts):
        return ""
    return "".join(f"{number}{UNITS[unit]}" for number, unit in amounts)


def meant_span(text: str) -> str:
    """Return ``09:00-18:00`` for ``9-18`` or ``9am-6pm``, else nothing."""
    found = SPAN.fullmatch(text.strip().casefold())
    if not found:
        return ""
    first, last = _minutes(*found.groups()[:3]), _minutes(*found.groups()[3:])
    if first == last or max(first, last) > 24 * 60:
        return ""
    return f"{first // 60:02}:{first % 60:02}-{last // 60:02}:{last % 60:02}"


def meant_days(text: str) -> str:
    """Return ``mon-fri`` for ``monday to friday`` or ``weekdays``, else nothing."""
    folded = text.strip().casefold()
    if folded in WORKDAYS:
        return "mon-fri"
    if folded in ("weekend", "weekends"):
        return "sat-sun"
    if folded in EVERY_DAY:
        return "mon-sun"
    found = RANGE.fullmatch(folded)
    ends = [name[:3] for name in found.groups()] if found else []
    return "-".join(ends) if all(name in DAY_NAMES for name in ends) else ""


def meant_digest(text: str) -> str:
    """Return a cron line for ``09:00`` or ``daily``, a duration for ``2 hours``, or nothing."""
    folded = text.strip().casefold()
    if clock := CLOCK.fullmatch(folded):
        return f"{int(clock[2])} {int(clock[1])} * * *"
    fields = folded.split()
    if len(fields) == 6:
        return " ".join(fields[1:])
    return CRON_WORDS.get(folded) or meant_duration(folded)


def _minutes(hour: str, minute: str | None, half: str | None) -> int:
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half.startswith("p") else 0)
    return hours * 60 + int(minute or 0)
