"""From rows to dataclasses: a column goes by the name of the field that it fills."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from notifier.store.session import Rows

T = TypeVar("T")


def named(found: Rows) -> Iterator[dict[str, Any]]:
    """Yield each row's values by the names of their columns."""
    names = [column[0] for column in found.description]
    return (dict(zip(names, row, strict=True)) for row in found)


def rows_of(make: Callable[..., T], found: Rows, **read: Callable[[Any], object]) -> list[T]:
    """Make something of each row.

    ``read`` has what a column's value becomes where it is not taken as it is stored.
    """
    return [_made(make, row, read) for row in named(found)]


def row_of(make: Callable[..., T], found: Rows, **read: Callable[[Any], object]) -> T | None:
    """Make something of the first row, ``None`` where there is none."""
    return next((_made(make, row, read) for row in named(found)), None)


def _made(
    make: Callable[..., T], row: dict[str, Any], read: dict[str, Callable[[Any], object]]
) -> T:
    for name, reading in read.items():
        row[name] = reading(row[name])
    return make(**row)


def flag(stored: int | None) -> bool | None:
    """Return what a column of 0 and 1 tells, ``None`` where it is NULL."""
    return None if stored is None else bool(stored)


def number(flag: bool | None) -> int | None:  # noqa: FBT001
    """Return a flag as a column keeps it."""
    return None if flag is None else int(flag)
