"""The filters and tests of templates: each is counted, and leaves what is empty empty."""

from collections.abc import Iterable
from functools import reduce
from typing import Any

from jinja2 import TemplateError, pass_context
from jinja2.exceptions import FilterArgumentError
from jinja2.filters import FILTERS
from jinja2.runtime import Context
from jinja2.tests import TESTS

from notifier.core.rows import Json
from notifier.messages.budget import CHARS_PER_UNIT, budget
from notifier.messages.operators import compare, concatenate, operate, type_in_words
from notifier.messages.views import Blank, MistakeError, NoCount, empty, printed, restored

Filter = Any  # a function, as Jinja2 types it

FILTER_NAMES = """
    abs capitalize count d default dictsort first float groupby int items last length
    list lower map max min reject rejectattr reverse select selectattr sort
    string title trim truncate unique upper urlencode wordcount
"""
# Which go through a text letter by letter, as if it were a list.
ITERATING = """
    first groupby join last list map max min reject rejectattr reverse select selectattr
    sort sum unique
"""
NUMERIC = ("abs", "round")
OF_TEXTS = ("capitalize", "lower", "string", "title", "trim", "truncate", "upper", "wordcount")
MISUSE = (AttributeError, FilterArgumentError, LookupError, TypeError, ValueError)
MEASURES = ("count", "length")
COUNTS = ("count", "length", "wordcount")
DEFAULTS = ("d", "default")


def filters() -> dict[str, Filter]:
    """Return every filter a template may use, and the ones its operators become."""
    own = {
        "e": _same,
        "escape": _same,
        "join": _join,
        "replace": replace,
        "round": _round,
        "striptags": _striptags,
        "sum": _sum,
    }
    own |= {name: FILTERS[name] for name in FILTER_NAMES.split()}
    counted = {name: _counted_filter(name, function) for name, function in own.items()}
    inner: dict[str, Filter] = {
        "_bound": _bound,
        "_compared": compare,
        "_held": _held,
        "_joined": concatenate,
        "_operated": operate,
        "_turned": _turned,
    }
    return counted | inner


def tests() -> dict[str, Filter]:
    """Return every test a template may use."""
    return {name: _counted_test(name, test) for name, test in TESTS.items()} | {
        "none": empty,
    }


def _counted_filter(name: str, function: Filter) -> Filter:
    @pass_context
    def run(context: Context, value: Json, *args: Json, **kwargs: Json) -> Json:
        spent = budget(context)
        spent.spend()
        spent.weigh(value, *args, *kwargs.values())
        if empty(value) and name not in DEFAULTS:
            return _of_nothing(name, (*args, *kwargs.values()))
        if isinstance(value, str) and name in ITERATING.split():
            spent.spend(len(value))
        if name in OF_TEXTS:
            value = printed(value)
        try:
            return spent.made(context.call(function, value, *args, **kwargs))
        except MistakeError:
            raise
        except MISUSE as error:
            remedy = _remedy(name, value)
            problem = f"`| {name}` cannot be used so on {type_in_words(value)}{remedy}"
            raise MistakeError(problem) from error
        except TemplateError as error:
            problem = f"`| {name}` names a filter, a test or an attribute that is not there"
            raise MistakeError(problem) from error

    return run


def _of_nothing(name: str, args: tuple[Json, ...]) -> Json:
    if name in COUNTS:
        return NoCount()
    # `int(0)` and `float(1.5)` say themselves what stands for nothing.
    return args[0] if name in ("int", "float") and args else Blank()


def _remedy(name: str, value: Json) -> str:
    if isinstance(value, str) and name in NUMERIC:
        return ": write `| int` before it"
    if isinstance(value, int | float) and name in MEASURES:
        return ": write `| string` before it"
    return ""


def _counted_test(name: str, test: Filter) -> Filter:
    @pass_context
    def run(context: Context, value: Json, *args: Json, **kwargs: Json) -> bool:
        spent = budget(context)
        spent.spend()
        spent.weigh(value, *args, *kwargs.values())
        try:
            return bool(context.call(test, value, *args, **kwargs))
        except TypeError as error:
            if any(map(empty, (value, *args))):
                return False
            problem = f"`is {name}` cannot be used so on {type_in_words(value)}"
            raise MistakeError(problem) from error

    return run


@pass_context
def _turned(context: Context, values: Iterable[Json]) -> Iterable[Json]:
    if empty(values):
        return ()
    if not isinstance(values, Iterable):
        raise MistakeError(f"`for` wants a list, not {type_in_words(values)}")
    return budget(context).turns(values)


@pass_context
def _held(context: Context, value: Json) -> Json:
    budget(context).weigh(value)
    return value


def _bound(value: Json) -> Json:
    """Return a bound of ``[a:b]``; an empty one bounds nothing."""
    if empty(value) or isinstance(value, int):
        return None if empty(value) else value
    raise MistakeError(f"[:] wants whole numbers, not {type_in_words(value)}")


@pass_context
def replace(
    context: Context, text: Json, old: Json, new: Json, count: int | None = None
) -> str:
    """Return the text with other words in it, once their number is known to be bearable."""
    source, sought, words = printed(text), printed(old), printed(new)
    if not sought:
        return source
    budget(context).spend(source.count(sought) * len(words) // CHARS_PER_UNIT)
    return source.replace(sought, words, -1 if count is None else count)


@pass_context
def _join(
    context: Context,
    values: Iterable[Json],
    separator: Json = "",
    attribute: Any = None,
) -> str:
    getitem = context.environment.getitem
    rows = [getitem(value, attribute) if attribute else value for value in values]
    words = [printed(value) for value in rows if not isinstance(value, Blank)]
    between = printed(separator)
    budget(context).spend(len(words) * len(between) // CHARS_PER_UNIT)
    return between.join(words)


@pass_context
def _sum(
    context: Context, values: Iterable[Json], attribute: Any = None, start: Json = 0
) -> Json:
    getitem = context.environment.getitem
    rows = [value if attribute is None else getitem(value, attribute) for value in values]
    known = [one for one in rows if not empty(one)]
    if rows and not known:
        return Blank()
    return reduce(lambda total, one: operate(context, total, one, "+", ["", ""]), known, start)


@pass_context
def _striptags(context: Context, value: Json) -> Json:
    text = restored(printed(value))
    # Jinja2 copies the text once for every tag in it.
    budget(context).spend(text.count("<") * len(text) // 1_000)
    return context.call(FILTERS["striptags"], text)


def _round(value: Json, precision: int = 0) -> Json:
    return round(float(value), max(-10, min(precision, 10)))


def _same(value: Json) -> Json:
    # Everything printed is escaped for its medium; escaping it for HTML would show.
    return value
