"""Durations as people write them: ``500ms``, ``15s``, ``5m``, ``6h``, ``2d``, ``1h30m``."""

import re
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from notifier.rules.meanings import meant_duration
from notifier.rules.unfit import UnfitError

UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
WRITTEN = re.compile(
    r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?",
    re.ASCII,
)
FORMS = "500ms, 15s, 5m, 6h, 2d or 1h30m"
LONGEST_MS = 3_650 * UNITS_MS["d"]


def parse_duration_ms(text: str) -> int:
    """Return the milliseconds in ``1h30m`` and kin; ``0`` needs no unit.

    Units stand from large to small, each at most once. Raises ``ValueError``
    for anything else, and beyond ten years.
    """
    if text == "0":
        return 0
    found = WRITTEN.fullmatch(text)
    if not text or not found:
        near = meant_duration(text)
        here = f", so here `{near}`" if near and WRITTEN.fullmatch(near) else ""
        here = ": a unit is missing" if text.isdecimal() else here
        raise UnfitError(text, f"is not a duration; write {FORMS}", here)
    total = sum(
        int(count) * unit
        for count, unit in zip(found.groups(), UNITS_MS.values(), strict=True)
        if count
    )
    if total > LONGEST_MS:
        raise UnfitError(text, "is longer than ten years")
    return total


def parse_duration(text: str) -> timedelta:
    """Return :func:`parse_duration_ms` as a ``timedelta``."""
    return timedelta(milliseconds=parse_duration_ms(text))


def format_duration(duration: timedelta) -> str:
    """Return a duration, not negative, the way :func:`parse_duration` reads it."""
    left = duration // timedelta(milliseconds=1)
    written = ""
    for name, unit in UNITS_MS.items():
        count, left = divmod(left, unit)
        written += f"{count}{name}" if count else ""
    return written or "0"


def _parsed(value: object) -> object:
    if isinstance(value, dict | list):
        raise ValueError(f"this is not a duration; write {FORMS}")  # noqa: TRY004 - pydantic's
    return parse_duration(value) if isinstance(value, str) else value


Duration: TypeAlias = Annotated[
    timedelta,
    BeforeValidator(_parsed),
    WithJsonSchema(
        {"type": "string", "pattern": "^([0-9]+(ms|[dhms]))+$", "examples": ["15m"]}
    ),
]
"""A ``timedelta`` field of a pydantic model that is written as a duration."""


def _check_positive(duration: timedelta) -> timedelta:
    if not duration:
        raise ValueError("it must be longer than nothing")
    return duration


PositiveDuration: TypeAlias = Annotated[Duration, AfterValidator(_check_positive)]
