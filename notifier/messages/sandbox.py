"""A Jinja2 sandbox that also bounds time and memory, and escapes whatever it prints.

Jinja2's own sandbox keeps a template from reaching Python; it does not keep one from
running for ever or filling the memory. Here all that costs more than a moment is counted
by what it is given and by what it makes: see :mod:`notifier.messages.budget`.

Texts stay as they are until the whole is rendered: ``&``, ``<`` and ``>`` of the author's
are marked, and those without a mark are escaped for the medium by :func:`finished`.
"""

from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifier.core.rows import Json
from notifier.messages.budget import TooMuchError, budget
from notifier.messages.escape import plain, slack
from notifier.messages.filters import filters, replace, tests
from notifier.messages.operators import OPERATIONS, type_in_words
from notifier.messages.text import Medium
from notifier.messages.views import (
    Bag,
    Blank,
    MistakeError,
    Record,
    empty,
    printed,
    restored,
)

MAX_RANGE = 1_000
CALL = 20
SEARCHED_PER_UNIT = 10_000
JINJAS_OWN = ("_loop_vars", "_block_vars")

STR_METHODS = """
    capitalize casefold count endswith find index isalnum isalpha isdigit islower isnumeric
    isspace istitle isupper lower lstrip partition removeprefix removesuffix replace rfind
    rpartition rsplit rstrip split splitlines startswith strip swapcase title upper
"""


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of one template."""

    # Never folded while the names are checked; at run time `Bound` has replaced them.
    intercepted_binops = frozenset(OPERATIONS)

    def __init__(self) -> None:
        super().__init__(
            undefined=Blank,
            autoescape=False,  # HTML is none of the media: see finished()
            optimized=False,  # nothing may run before the budget exists
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=_printed,
        )
        self.globals = {"range": _range}
        self.filters = filters()
        self.tests = tests()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return what a name after a dot means; raises ``MistakeError`` for unknown ones."""
        if obj is None:
            return Blank()
        if isinstance(obj, Record):
            return obj.field(attribute)
        if isinstance(obj, Bag):
            return obj.method(attribute) or obj.field(attribute)
        value = super().getattr(obj, attribute)
        # `loop.previtem` may be nothing, and so may what the author's own mapping holds.
        known = isinstance(obj, Undefined | LoopContext) or _has(obj, attribute)
        if isinstance(value, Undefined) and not known:
            asked = (
                "; brackets stand behind it, as in agent(change.from)" if callable(obj) else ""
            )
            raise MistakeError(f"`{attribute}` cannot be used on {type_in_words(obj)}{asked}")
        return value

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return what stands in brackets; a missing key or index is empty."""
        if isinstance(obj, Bag):
            return obj.field(argument)
        if not isinstance(obj, Record):
            return super().getitem(obj, argument)
        if argument not in obj.names:
            # Not named here: what stands in brackets may come from a visitor.
            raise MistakeError("what stands in [] is not a field")
        return obj.field(argument)

    def wrap_str_format(self, value: Any) -> None:
        """Leave ``str.format`` unwrapped, and so forbidden: its widths have no bound."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Allow reading methods of text, and nothing of numbers (``to_bytes`` takes a size)."""
        if isinstance(obj, str):
            return attr in STR_METHODS.split()
        return not isinstance(obj, int | float) and super().is_safe_attribute(obj, attr, value)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a macro, a method or ``loop``, counted by what it is given and gives."""
        spent = budget(context)
        spent.spend(CALL)
        owner = getattr(obj, "__self__", None)
        given = [value for name, value in kwargs.items() if name not in JINJAS_OWN]
        spent.weigh(owner, *args, *given)
        if isinstance(owner, str):
            return spent.made(_method(context, obj, owner, args))
        if isinstance(obj, LoopContext):
            args = (spent.turns(args[0]),) if args else args
        if not callable(obj):
            raise MistakeError(f"() calls {type_in_words(obj)}")
        return spent.made(super().call(context, obj, *args, **kwargs))


def finished(text: str, medium: Medium) -> str:
    """Return a whole rendering, with every value in it escaped for the medium."""
    return restored(slack(text) if medium is Medium.SLACK else text)


@pass_context
def _printed(context: Context, value: Json) -> str:
    spent = budget(context)
    spent.weigh(value)
    text = printed(value)
    spent.print(text)
    return plain(text)


def _method(context: Context, method: Any, owner: str, args: tuple[Json, ...]) -> Json:
    if any(map(empty, args)) and method.__name__ != "replace":
        return Blank()
    if args and isinstance(args[0], str):
        # Searched from its end, a text may be compared once for each of its letters.
        budget(context).spend(len(owner) * len(args[0]) // SEARCHED_PER_UNIT)
    try:
        return replace(context, owner, *args) if method.__name__ == "replace" else method(*args)
    except (TypeError, ValueError) as error:
        raise MistakeError(f"`{method.__name__}` cannot be called so") from error


def _has(obj: Json, name: str) -> bool:
    return isinstance(obj, dict) and name in obj


def _range(*bounds: int) -> Json:
    if any(map(empty, bounds)):
        return []
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise TooMuchError(f"range() gives at most {MAX_RANGE:,} numbers")
    return numbers
