"""What ``+``, ``<`` and ``in`` mean in templates: bounded, and nothing for nothing."""

import operator
from collections.abc import Callable, Mapping

from jinja2 import pass_context
from jinja2.runtime import Context

from notifier.core.rows import Json
from notifier.messages.budget import TooMuchError, budget
from notifier.messages.views import Blank, MistakeError, Record, empty, printed, restored

MAX_NUMBER = 2**63

OPERATIONS: Mapping[str, Callable[[Json, Json], Json]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "**": operator.pow,
    "%": operator.mod,
}
COMPARISONS: Mapping[str, tuple[str, Callable[[Json, Json], Json]]] = {
    "eq": ("==", operator.eq),
    "ne": ("!=", operator.ne),
    "gt": (">", operator.gt),
    "gteq": (">=", operator.ge),
    "lt": ("<", operator.lt),
    "lteq": ("<=", operator.le),
    "in": ("in", lambda left, right: left in right),
    "notin": ("not in", lambda left, right: left not in right),
}
EQUALITIES = ("eq", "ne")
WITHIN = ("in", "not in")
TYPES_IN_WORDS: tuple[tuple[type, str], ...] = (
    (str, "a text"),
    (bool, "a yes or no"),
    (int, "a number"),
    (float, "a number"),
    (Record, "a whole record"),
    (list, "a list"),
    (tuple, "a list"),
    (range, "a list"),
    (Mapping, "a mapping"),
)


@pass_context
def operate(context: Context, left: Json, right: Json, sign: str, names: list[str]) -> Json:
    """Return what an operation of arithmetic gives; ``names`` are the values' own."""
    if empty(left) or empty(right):
        return Blank()
    spent = budget(context)
    weights = spent.weigh(left), spent.weigh(right)
    if sign == "*" and not (_is_number(left) and _is_number(right)):
        many, times = (weights[0], right) if _is_number(right) else (weights[1], left)
        spent.spend(many * times if isinstance(times, int) and times > 0 else 1)
    if sign == "%" and isinstance(left, str):
        raise MistakeError("`%` does not format text here; use ~ to join")
    try:
        if sign == "**" and not (abs(left) <= 1_000 and abs(right) <= 10):
            raise TooMuchError("the power is too large")
        return _small(OPERATIONS[sign](left, right))
    except TypeError as error:
        raise MistakeError(_mismatch(sign, (left, right), names)) from error
    except ZeroDivisionError as error:
        raise MistakeError("it divides by 0") from error
    except OverflowError as error:
        raise TooMuchError("a number grows too large") from error


@pass_context
def compare(
    context: Context, left: Json, others: list[Json], signs: list[str], names: list[str]
) -> bool:
    """Return whether comparisons hold; nothing is in nothing, above or below nothing."""
    budget(context).weigh(left, others)
    for number, (right, sign) in enumerate(zip(others, signs, strict=True)):
        if not _holds(sign, left, right, names[number : number + 2]):
            return False
        left = right
    return True


def _holds(sign: str, left: Json, right: Json, names: list[str]) -> bool:
    shown, holds = COMPARISONS[sign]
    nothing = empty(left) or empty(right)
    if nothing and sign not in EQUALITIES and not isinstance(right, list | tuple | Mapping):
        return sign == "notin"
    values = tuple(restored(one) if isinstance(one, str) else one for one in (left, right))
    try:
        return bool(holds(*values))
    except TypeError as error:
        raise MistakeError(_mismatch(shown, values, names)) from error


@pass_context
def concatenate(context: Context, values: list[Json]) -> str:
    """Return the texts that ``~`` joins."""
    budget(context).weigh(values)
    return "".join(printed(value) for value in values)


def type_in_words(value: Json) -> str:
    """Return what a value is, in a rule author's words."""
    return next(
        (words for one, words in TYPES_IN_WORDS if isinstance(value, one)), "a function"
    )


def _mismatch(sign: str, values: tuple[Json, ...], names: list[str]) -> str:
    for value, other, name in zip(values, reversed(values), names, strict=True):
        if sign not in WITHIN and isinstance(value, str) and _is_number(other):
            remedy = f"write `{name} | int`" if name else "write `| int` behind it"
            shown = f"`{name}` is a text" if name else "one side is a text"
            return f"`{sign}`: {shown}: {remedy}{', or ~ to join' if sign == '+' else ''}"
    left, right = (
        f"{type_in_words(value)} (`{name}`)" if name else type_in_words(value)
        for value, name in zip(values, names, strict=True)
    )
    return f"`{sign}` does not go with {left} and {right}"


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float)


def _small(value: Json) -> Json:
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise TooMuchError("a number grows too large")
    return value
