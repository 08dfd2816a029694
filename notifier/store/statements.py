"""Statements in an engine's own form: marks in the place of names, lists spread out.

``IN (:ids)`` with a list of three becomes ``IN (?,?,?)``; ``VALUES :rows`` with two rows
of two values becomes ``VALUES (?,?),(?,?)``. By position: an engine that looks for names
takes the longer for each, the more there are.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain, count
from typing import Final, TypeAlias

NAMED = re.compile(r":([a-z_][a-z0-9_]*)")
NUMBERED: Final = "$"
"""A mark that each value has with a number of its own: ``$1``, ``$2``."""

Shape: TypeAlias = tuple[tuple[str, int, int], ...]
"""Of each list its name, its length, and that of its rows, 0 where they are values."""


def spread(sql: str, values: Mapping[str, object], mark: str) -> tuple[str, list[object]]:
    """Return the statement with a ``mark`` for each value, and the values in their order.

    No list may be empty: SQL has no ``IN ()``.
    """
    shape = tuple((name, *_size(one)) for name, one in values.items() if isinstance(one, list))
    text, names = _marked(sql, shape, mark)
    found: list[object] = []
    for name in names:
        one = values[name]
        if not isinstance(one, list):
            found.append(one)
        elif isinstance(one[0], tuple):
            found.extend(chain.from_iterable(one))
        else:
            found.extend(one)
    return text, found


@lru_cache(maxsize=1024)
def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Return the statement with ``$1`` for its first name and so on, and the names."""
    names = tuple(dict.fromkeys(NAMED.findall(sql)))
    numbers = {name: f"{NUMBERED}{number}" for number, name in enumerate(names, 1)}
    return NAMED.sub(lambda found: numbers[found[1]], sql), names


def _size(values: list[object]) -> tuple[int, int]:
    return len(values), len(values[0]) if isinstance(values[0], tuple) else 0


@lru_cache(maxsize=256)
def _marked(sql: str, shape: Shape, mark: str) -> tuple[str, tuple[str, ...]]:
    """Return the statement with its marks, and the names in their order."""
    sizes = {name: size for name, *size in shape}
    numbers = count(1)

    def one_mark() -> str:
        return f"{NUMBERED}{next(numbers)}" if mark == NUMBERED else mark

    def many(length: int) -> str:
        return ",".join(one_mark() for _ in range(length))

    def marks(found: re.Match[str]) -> str:
        if found[1] not in sizes:
            return one_mark()
        length, width = sizes[found[1]]
        if not width:
            return many(length)
        return ",".join(f"({many(width)})" for _ in range(length))

    return NAMED.sub(marks, sql), tuple(NAMED.findall(sql))
