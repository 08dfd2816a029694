"""A Jinja2 sandbox that also bounds time and memory, and escapes whatever it prints.

Jinja2's own sandbox keeps a template from reaching Python; it does not keep one
from running for ever or filling the memory. Here every loop step and call is
counted, and every operation that can multiply text is measured before it runs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateRuntimeError, UndefinedError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from notifier.messages.escape import plain, slack
from notifier.messages.text import Medium
from notifier.messages.views import Bag, Blank, Record, printed
from notifier.rows import Json

MAX_OUTPUT_CHARS = 20_000
MAX_VALUE_CHARS = 100_000
MAX_STEPS = 10_000
MAX_RANGE = 1_000
MAX_NUMBER = 2**63
BUDGET = "_budget"

FILTER_NAMES = """
    abs capitalize count d default dictsort first float groupby int items join last length
    list lower map max min reject rejectattr replace reverse round select selectattr sort
    string striptags sum title trim truncate unique upper urlencode wordcount
"""
STR_METHODS = """
    capitalize casefold count endswith find index isalnum isalpha isdigit islower isnumeric
    isspace istitle isupper lower lstrip partition removeprefix removesuffix replace rfind
    rpartition rsplit rstrip split splitlines startswith strip swapcase title upper
"""


class TooMuchError(TemplateRuntimeError):
    """The template wants more time or memory than a message is worth."""


@dataclass(slots=True)
class Budget:
    """What one rendering may still spend; the only thing here that changes."""

    chars: int = MAX_OUTPUT_CHARS
    steps: int = MAX_STEPS

    def print(self, text: str) -> None:
        """Count printed text."""
        self.chars -= len(text)
        if self.chars < 0:
            raise TooMuchError(f"it prints more than {MAX_OUTPUT_CHARS:,} characters")

    def step(self) -> None:
        """Count one turn of a loop, or one call."""
        self.steps -= 1
        if self.steps < 0:
            raise TooMuchError(f"it takes more than {MAX_STEPS:,} steps")


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of one template for one medium."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, medium: Medium) -> None:
        super().__init__(
            undefined=Blank,
            autoescape=True,  # marks what is already escaped, so that nothing is escaped twice
            optimized=False,  # nothing may run before the budget exists
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_escaped(medium),
        )
        self.globals = {"range": _range}
        self.filters = {name: FILTERS[name] for name in FILTER_NAMES.split()}
        self.filters |= {"e": _same, "escape": _same, "_counted": _counted}
        self.filters |= {"_joined": _concatenated(medium), "replace": _replace, "join": _join}
        self.filters |= {"round": _round}
        self.tests = {**TESTS, "none": _is_nothing}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what a name after a dot means; raises ``UndefinedError`` for unknown ones."""
        if isinstance(obj, Record):
            return obj.field(attribute)
        if isinstance(obj, Bag):
            return obj.method(attribute) or obj.field(attribute)
        value = super().getattr(obj, attribute)
        if isinstance(value, Undefined) and not isinstance(obj, Undefined):
            raise UndefinedError(f"`{attribute}` cannot be used on a {type(obj).__name__}")
        return value

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return what stands in brackets; a missing key or index is empty."""
        if isinstance(obj, Bag):
            return obj.field(argument)
        if not isinstance(obj, Record):
            return super().getitem(obj, argument)
        if argument not in obj.names:
            # Not named here: what stands in brackets may come from a visitor.
            raise UndefinedError("what stands in [] is no field")
        return obj.field(argument)

    def wrap_str_format(self, value: Any) -> None:
        """Leave ``str.format`` unwrapped, and so forbidden: its widths have no bound."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow reading methods of text, and nothing of numbers (``to_bytes`` takes a size)."""
        if isinstance(obj, str):
            return attr in STR_METHODS.split()
        return not isinstance(obj, int | float) and super().is_safe_attribute(obj, attr, value)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Count a call, since macros may call themselves."""
        context[BUDGET].step()
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str) and obj.__name__ == "replace":
            return _replace(owner, *args, **kwargs)
        return super().call(context, obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Do one of the operations that can grow without end, if the result is small."""
        if operator == "%" and isinstance(left, str):
            raise SecurityError("`%` does not format text here; use ~ to join")
        if operator == "*":
            _check_product(left, right)
        if operator == "**" and not (abs(left) <= 1_000 and abs(right) <= 10):
            raise TooMuchError("the power is too large")
        return _small(super().call_binop(context, operator, left, right))


class Bound(NodeTransformer):
    """Rewrites loops and concatenations so that they are counted and measured."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        """Count the turns of a loop."""
        self.generic_visit(node)
        node.iter = _filter(node.iter, "_counted")
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        """Measure what ``~`` joins."""
        self.generic_visit(node)
        return _filter(nodes.List(node.nodes, lineno=node.lineno), "_joined")


def _filter(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def _escaped(medium: Medium) -> Callable[[Context, Json], Markup]:
    escape = slack if medium is Medium.SLACK else plain

    @pass_context
    def finalize(context: Context, value: Json) -> Markup:
        text = value if isinstance(value, Markup) else Markup(escape(printed(value)))  # noqa: S704
        context[BUDGET].print(text)
        return text

    return finalize


def _concatenated(medium: Medium) -> Callable[[list[Json]], str]:
    escape = slack if medium is Medium.SLACK else plain

    def concatenated(values: list[Json]) -> str:
        if not any(isinstance(value, Markup) for value in values):
            return str(_small("".join(printed(value) for value in values)))
        parts = [v if isinstance(v, Markup) else escape(printed(v)) for v in values]
        return Markup(_small("".join(parts)))  # noqa: S704

    return concatenated


@pass_context
def _counted(context: Context, values: Iterable[Json]) -> Iterator[Json]:
    budget: Budget = context[BUDGET]
    for value in values:
        budget.step()
        yield value


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise TooMuchError(f"range() gives at most {MAX_RANGE:,} numbers")
    return numbers


def _replace(text: Json, old: Json, new: Json, count: int | None = None) -> str:
    source, replacement = printed(text), printed(new)
    if len(source) * len(replacement) > MAX_VALUE_CHARS * 10:
        raise TooMuchError("the replaced text grows too large")
    return str(
        _small(source.replace(printed(old), replacement, -1 if count is None else count))
    )


def _join(values: Iterable[Json], separator: str = "", attribute: str | None = None) -> str:
    rows = [value.field(attribute) if attribute else value for value in values]
    words = [printed(value) for value in rows if not isinstance(value, Blank)]
    if len(words) * len(separator) + sum(map(len, words)) > MAX_VALUE_CHARS:
        raise TooMuchError("the joined text grows too large")
    return separator.join(words)


def _round(value: Json, precision: int = 0) -> Json:
    if isinstance(value, Blank):
        return value
    return round(float(value), max(-10, min(precision, 10)))


def _same(value: Json) -> Json:
    # Everything printed is escaped for its medium; escaping it for HTML would show.
    return value


def _is_nothing(value: Json) -> bool:
    return value is None or isinstance(value, Blank)


def _check_product(left: Json, right: Json) -> None:
    for many, times in ((left, right), (right, left)):
        text = isinstance(many, str | list | tuple) and isinstance(times, int)
        if text and len(many) * times > MAX_VALUE_CHARS:
            raise TooMuchError("the repeated text grows too large")


def _small(value: Json) -> Json:
    if isinstance(value, str | list | tuple) and len(value) > MAX_VALUE_CHARS:
        raise TooMuchError(f"a value has more than {MAX_VALUE_CHARS:,} characters")
    if isinstance(value, int) and abs(value) > MAX_NUMBER:
        raise TooMuchError("a number grows too large")
    return value
