"""The words of a window: ``mon-fri``, ``09:00-18:00``, ``Asia/Kolkata``."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifier.rules.meanings import meant_days, meant_span
from notifier.rules.unfit import UnfitError
from notifier.rules.windows import DAY_MINUTES, Span
from notifier.rulesfile.nodes import meant
from notifier.rulesfile.zones import meant_zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", re.ASCII)


def parse_days(value: object) -> object:
    """Return the days (0 is Monday) in ``mon-fri``, ``"mon,wed"`` or a list of such."""
    return frozenset(day for text in _texts(value) for day in _days(text))


def parse_spans(value: object) -> object:
    """Return the spans in ``09:00-18:00``, also several, in order of their beginning."""
    spans = [_span(text) for text in _texts(value)]
    return tuple(sorted(spans, key=lambda span: span.begins))


def parse_timezone(value: object) -> object:
    """Return the zone of an IANA name; raises ``ValueError`` with the one that is meant."""
    if not isinstance(value, str):
        return value
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnfitError(value, f"is not a time zone{meant_zone(value)}") from error


def _texts(value: object) -> Iterator[str]:
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, str) or not entry.strip():
            raise ValueError("a text or a list of texts belongs here")
        yield from (text.strip() for text in entry.split(","))


def _days(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    begin = _day(first, text)
    end = _day(last, text) if last else begin
    return (day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))


def _day(name: str, whole: str) -> int:
    folded = name.strip().lower()
    for names in (DAYS, LONG_DAYS):
        if folded in names:
            return names.index(folded)
    if near := meant_days(whole):
        raise UnfitError(whole, f"is not a day; did you mean `{near}`?")
    raise UnfitError(name.strip(), f"is not a day{meant(folded, (*DAYS, *LONG_DAYS))}")


def _span(text: str) -> Span:
    found = SPAN.fullmatch(text)
    if not found:
        near = meant_span(text)
        here = f", so here `{near}`" if near not in ("", "09:00-18:00") else ""
        raise UnfitError(text, "is not a span of hours; write 09:00-18:00", here)
    begin_h, begin_m, end_h, end_m = map(int, found.groups())
    begins, ends = begin_h * 60 + begin_m, end_h * 60 + end_m
    if max(begin_m, end_m) > 59 or begins >= DAY_MINUTES or ends > DAY_MINUTES:
        raise UnfitError(text, "has a time that no day has")
    if begins == ends:
        raise UnfitError(text, "is no time at all; the whole day is 00:00-24:00")
    return Span(begins=begins, ends=ends if ends > begins else ends + DAY_MINUTES)
