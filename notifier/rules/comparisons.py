"""The ways a condition can compare one field with what its author wrote.

Each function returns a test. A test takes a scalar, a sequence of scalars (then
one element is enough), or ``None``; it never raises, whatever a visitor typed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from operator import ge, gt, le, lt
from typing import TypeAlias
from unicodedata import normalize

from notifier.cleaning import comparable, visible
from notifier.core.rows import Json, written
from notifier.rules.patterns import finder

Test: TypeAlias = Callable[[Json], bool]

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
ORDERS: dict[str, Callable[[float, float], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


def is_missing(seen: Json) -> bool:
    """Say whether a value is missing or empty; ``0`` and ``false`` are neither."""
    if isinstance(seen, str):
        return not visible(seen)
    return seen is None or (not seen and not isinstance(seen, int | float))


def is_present(seen: Json) -> bool:
    """Say whether a value is present and not empty."""
    return not is_missing(seen)


def equals(wanted: str) -> Test:
    """Hold for the same text, as people see it."""
    same = comparable(wanted)

    def test(seen: Json) -> bool:
        if isinstance(seen, str):
            return comparable(seen) == same
        return same in comparables(seen)

    return test


def one_of(wanted: Iterable[str]) -> Test:
    """Hold for any of these texts."""
    same = frozenset(map(comparable, wanted))

    def test(seen: Json) -> bool:
        if isinstance(seen, str):
            return comparable(seen) in same
        return not same.isdisjoint(comparables(seen))

    return test


def all_of(wanted: Iterable[str]) -> Test:
    """Hold for a list that contains every one of these texts."""
    same = frozenset(map(comparable, wanted))
    return lambda seen: same <= set(comparables(seen))


def contains(wanted: str) -> Test:
    """Hold where the text stands anywhere within."""
    sought = part(wanted)
    return lambda seen: any(sought in text for text in comparables(seen))


def starts_with(wanted: str) -> Test:
    """Hold where the text stands at the beginning."""
    sought = part(wanted)
    return lambda seen: any(text.startswith(sought) for text in comparables(seen))


def ends_with(wanted: str) -> Test:
    """Hold where the text stands at the end."""
    sought = part(wanted)
    return lambda seen: any(text.endswith(sought) for text in comparables(seen))


def part(wanted: str) -> str:
    """Return a text as it may stand within others: a blank at its ends was meant."""
    text = comparable(wanted)
    if not text:
        return " " if wanted.isspace() else ""
    return " " * wanted[0].isspace() + text + " " * wanted[-1].isspace()


def matches(pattern: str) -> Test:
    """Hold where the regular expression is found; raises ``ValueError`` for a bad one."""
    is_in = finder(normalize("NFC", pattern))
    return lambda seen: any(is_in(text) for text in texts(seen))


def exists(*, wanted: bool) -> Test:
    """Hold for what is present and not empty, or for what is not."""
    return is_present if wanted else is_missing


def compares(order: str, bound: float) -> Test:
    """Hold for numbers and numeric texts on one side of ``bound``; see :data:`ORDERS`."""
    is_ordered = ORDERS[order]

    def test(seen: Json) -> bool:
        numbers = (number(text) for text in comparables(seen))
        return any(one is not None and is_ordered(one, bound) for one in numbers)

    return test


def negated(test: Test) -> Test:
    """Hold where ``test`` does not."""
    return lambda seen: not test(seen)


def any_holds(tests: Sequence[Test]) -> Test:
    """Hold where at least one of the tests does."""
    return lambda seen: any(test(seen) for test in tests)


def all_hold(tests: Sequence[Test]) -> Test:
    """Hold where each of the tests does."""
    return lambda seen: all(test(seen) for test in tests)


def number(text: str) -> float | None:
    """Return the number a text is; ``None`` for ``nan``, ``1_000`` and other words."""
    return float(text) if NUMBER.fullmatch(text.strip()) else None


def texts(seen: Json) -> list[str]:
    """Return the texts in a value, the way their author would write them."""
    if seen is None:
        return []
    scalars = seen if isinstance(seen, list | tuple) else [seen]
    return [written(scalar) for scalar in scalars if scalar is not None]


def comparables(seen: Json) -> list[str]:
    """Return the texts in a value in the form they are compared in."""
    return [comparable(text) for text in texts(seen)]
