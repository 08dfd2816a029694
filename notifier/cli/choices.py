"""Words an operator types, understood or refused with what was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches
from fnmatch import fnmatchcase
from math import isfinite

import typer

from notifier.core.event_types import EventType
from notifier.rules.durations import parse_duration_ms

LARGEST = 2**63 - 1
"""The largest number that the database can hold."""


def duration_ms(text: str) -> int:
    """Return the milliseconds in ``2h`` and kin; anything else is wrong usage."""
    try:
        return parse_duration_ms(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def finite(number: float | None) -> float | None:
    """Return the number; `nan` and `inf`, which pass every limit, are wrong usage."""
    if number is not None and not isfinite(number):
        raise typer.BadParameter(f"`{number}` is not a number")
    return number


def one_of(name: str, names: Collection[str], what: str) -> str:
    """Return a name that exists, in whatever case it was typed."""
    by_folded = {known.casefold(): known for known in names}
    found = name if name in names else by_folded.get(name.casefold())
    if found is None:
        raise typer.BadParameter(unknown(name, names, what))
    return found


def unknown(name: str, names: Collection[str], what: str) -> str:
    """Return the sentence about an unknown name, with the nearest known one."""
    near = get_close_matches(name.casefold(), [known.casefold() for known in names], n=1)
    meant = next((known for known in names if near and known.casefold() == near[0]), None)
    if meant is not None:
        return f"there is no {what} `{name}`; did you mean `{meant}`?"
    listed = ", ".join(f"`{known}`" for known in list(names)[:12])
    return f"there is no {what} `{name}`; there is {listed or 'none'}"


def event_types(pattern: str | None) -> tuple[str, ...]:
    """Return the event types that ``lead.created`` or ``lead.*`` means; none for all."""
    if pattern is None:
        return ()
    names = [one.value for one in EventType]
    found = tuple(name for name in names if fnmatchcase(name, pattern))
    return found or (one_of(pattern, names, "event type"),)
