"""The ways a condition can compare one field with what its author wrote.

Each function returns a test. A test takes a scalar, a sequence of scalars (then
one element is enough), or ``None``, as :class:`Seen`; it never raises, whatever a
visitor typed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import ge, gt, le, lt
from typing import TypeAlias
from unicodedata import normalize

from notifier.cleaning import comparable, visible
from notifier.core.rows import Json, written
from notifier.rules.patterns import finder

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
ORDERS: dict[str, Callable[[float, float], bool]] = {"gt": gt, "gte": ge, "lt": lt, "lte": le}


class Seen:
    """A value that conditions look at, with its texts: made once, however many rules ask.

    ``texts`` are as their author would write them, ``comparables`` in the form they are
    compared in. It lives as long as the look at one event: what strangers wrote is kept
    nowhere.
    """

    __slots__ = ("comparables", "texts", "value")

    def __init__(self, value: Json) -> None:
        self.value = value
        self.texts = (value,) if isinstance(value, str) else tuple(_texts(value))
        self.comparables = tuple(map(comparable, self.texts))


def _texts(value: Json) -> Iterator[str]:
    scalars = value if isinstance(value, list | tuple) else (value,)
    return (written(scalar) for scalar in scalars if scalar is not None)


Test: TypeAlias = Callable[[Seen], bool]


def is_missing(seen: Seen) -> bool:
    """Say whether a value is missing or empty; ``0`` and ``false`` are neither."""
    value = seen.value
    if isinstance(value, str):
        return not visible(value)
    return value is None or (not value and not isinstance(value, int | float))


def is_present(seen: Seen) -> bool:
    """Say whether a value is present and not empty."""
    return not is_missing(seen)


def equals(wanted: str) -> Test:
    """Hold for the same text, as people see it."""
    same = comparable(wanted)
    return lambda seen: same in seen.comparables


def one_of(wanted: Iterable[str]) -> Test:
    """Hold for any of these texts."""
    same = frozenset(map(comparable, wanted))
    return lambda seen: not same.isdisjoint(seen.comparables)


def all_of(wanted: Iterable[str]) -> Test:
    """Hold for a list that contains every one of these texts."""
    same = frozenset(map(comparable, wanted))
    return lambda seen: same.issubset(seen.comparables)


def contains(wanted: str) -> Test:
    """Hold where the text stands anywhere within."""
    sought = part(wanted)
    return lambda seen: any(sought in text for text in seen.comparables)


def starts_with(wanted: str) -> Test:
    """Hold where the text stands at the beginning."""
    sought = part(wanted)
    return lambda seen: any(text.startswith(sought) for text in seen.comparables)


def ends_with(wanted: str) -> Test:
    """Hold where the text stands at the end."""
    sought = part(wanted)
    return lambda seen: any(text.endswith(sought) for text in seen.comparables)


def part(wanted: str) -> str:
    """Return a text as it may stand within others: a blank at its ends was meant."""
    text = comparable(wanted)
    if not text:
        return " " if wanted.isspace() else ""
    return " " * wanted[0].isspace() + text + " " * wanted[-1].isspace()


def matches(pattern: str) -> Test:
    """Hold where the regular expression is found; raises ``ValueError`` for a bad one."""
    is_in = finder(normalize("NFC", pattern))
    return lambda seen: any(is_in(text) for text in seen.texts)


def exists(*, wanted: bool) -> Test:
    """Hold for what is present and not empty, or for what is not."""
    return is_present if wanted else is_missing


def compares(order: str, bound: float) -> Test:
    """Hold for numbers and numeric texts on one side of ``bound``; see :data:`ORDERS`."""
    is_ordered = ORDERS[order]

    def test(seen: Seen) -> bool:
        numbers = map(number, seen.comparables)
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
