"""What a condition compares and can hardly mean: allowed, but told by ``check``.

Every function returns a problem and its remedy, or nothing.
"""

import re
from collections.abc import Collection, Iterator, Mapping

from notifier.cleaning import comparable
from notifier.rules.boundaries import ascii_boundary
from notifier.rules.comparisons import ORDERS, number
from notifier.rules.views import ATTRIBUTES, CHANGE_KEYS
from notifier.rulesfile.listed import flow, listed
from notifier.rulesfile.nodes import Faults, Node, Scalar, Series, Table, is_expanded, meant
from notifier.rulesfile.rule_slips import number_meant

Doubt = tuple[str, str] | None

NUMBERS = ("visits",)
FLAGS = ("online",)
TIMES = ("created_at", "updated_at", "last_seen_at", "last_message.at")
LISTS = ("tags", "notes", "attributes")
MAY_BE_NUMBERS = (*NUMBERS, *LISTS, "phone", "last_message", "last_message.text")
AGENTS = ("assignee", "assignee.id", "taken_by", "taken_by.agent")
NAMELESS = ("command line", "somebody")  # who has neither an agent's id nor one of Slack
NEAR = "~"
WHOLES = ("not", "any_of", "all_of", "none_of")
TEXTS = ("contains", "starts_with", "ends_with")

QUOTED = re.compile(r"[“”„‟«‹‘‚‛].*[“”„»›’‘]", re.DOTALL)
SIGNED = re.compile(r"(>=|=>|<=|=<|>|<|==?|!=|<>)\s*(\S.*)")
ORDER_OF = {">": "gt", ">=": "gte", "=>": "gte", "<": "lt", "<=": "lte", "=<": "lte"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
FREE = ("name", "last_message.text", "last_message", *LISTS)
EMPTY = ("none", "null", "nil", "empty", "nobody", "unassigned", "n/a")
NEGATED = re.compile(r"not\s+(\S.*)", re.IGNORECASE)
EITHER = re.compile(r"\s+(?:or|OR|\|\|?)\s+")
STARRED = re.compile(r"(\*?)([^*]+)(\*?)")
SLASHES = re.compile(r"/(.+)/([a-z]*)")
YES_AND_NO = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false"}


def tell_doubts(
    key: str, value: Node, *, known: Mapping[str, Collection[str]], faults: Faults
) -> None:
    """Warn of every value under a key that no lead, or no usual one, can have.

    ``known`` has a key's usual values; of ``from~`` and ``to~`` only near misses are told.
    """
    near = known.get(f"{key}{NEAR}", ())
    for scalar in _compared(value):
        usual = near if meant(scalar.text, near) else known.get(key, ())
        _tell(scalar, _of_value(key, scalar.text, usual), faults)
    for name, operand in _operators(value):
        if isinstance(operand, Scalar) and not operand.null:
            _tell(operand, _of_operand(key, name.text, operand.text), faults)
        elif name.text == "all_of" and isinstance(operand, Series) and key not in LISTS:
            _tell(name, _of_all(key, operand), faults)


def _compared(value: Node) -> Iterator[Scalar]:
    """Yield the texts a value is compared with as a whole."""
    match value:
        case Scalar(null=False):
            yield value
        case Series():
            for entry in value.entries:
                yield from _compared(entry)
        case Table():
            for name, operand in value.entries:
                if name.text in WHOLES:
                    yield from _compared(operand)


def _operators(value: Node) -> Iterator[tuple[Scalar, Node]]:
    match value:
        case Series():
            for entry in value.entries:
                yield from _operators(entry)
        case Table():
            for name, operand in value.entries:
                yield name, operand
                if name.text == "not":
                    yield from _operators(operand)


def _tell(scalar: Scalar, doubt: Doubt, faults: Faults) -> None:
    if scalar.plain and QUOTED.fullmatch(scalar.text):
        return  # told where the text was read, whatever it stands for
    # A looked-up value belongs into no message.
    if doubt and not scalar.unresolved and not is_expanded(scalar):
        faults.warn(scalar.at, *doubt)


def _of_value(key: str, text: str, known: Collection[str]) -> Doubt:
    if known and comparable(text) in map(comparable, known):
        return None
    if doubt := _quoted(text) or _signed(text):
        return doubt
    if parts := listed(key, text):
        return _of_parts(key, text, parts)
    if doubt := _in_words(key, text):
        return doubt
    if known:
        shown = "status" if key in CHANGE_KEYS else key
        problem = f"`{text}` is not a usual {shown}{meant(text, known)}"
        return problem, f"usual are {', '.join(known)}"
    return None if key in LISTS else _of_type(key, text)


def _of_parts(key: str, text: str, parts: list[str]) -> Doubt:
    """Return what to write for a list that stands there as one text."""
    if key in LISTS:
        problem = f"`{key}` is a list, and `{text}` one entry of it"
    else:
        problem = f"`{text}` is compared as one text"
    if key in AGENTS and any(" " in part for part in parts):
        return problem, f"write `{key.partition('.')[0]}.name: {flow(parts)}`"
    return problem, f"write {flow(parts)}"


def _of_type(key: str, text: str) -> Doubt:
    if key in NUMBERS:
        return _of_number(key, text)
    if key in FLAGS:
        wanted = YES_AND_NO.get(text.casefold(), "true or false")
        problem = f"`{key}` is true or false: `{text}` never matches"
        return None if text.casefold() in ("true", "false") else (problem, f"write {wanted}")
    if key in TIMES:
        problem = (
            f"`{key}` is a time such as 2026-03-02T04:15:00.000Z, in UTC, and not `{text}`"
        )
        return None if TIME.fullmatch(text) else (problem, "write {starts_with: 2026-03-02}")
    if key == "email" and "@" not in text:
        return f"`{text}` is not a mail address", f'write {{ends_with: "@{text}"}}'
    if key in AGENTS and (" " in text or "@" in text) and text not in NAMELESS:
        field = key.partition(".")[0]
        part = "email" if "@" in text and field == "assignee" else "name"
        return (
            f"`{key}` is an agent's id: `{text}` is not one",
            f"write `{field}.{part}: {text}`",
        )
    return None


def _of_number(key: str, text: str) -> Doubt:
    found = number(text)
    if found is None:
        problem = f"`{key}` is a number: `{text}` never matches"
        return problem, number_meant(text) or "write one, or {gt: 3}"
    if text == f"{found:.0f}":
        return None
    remedy = f"write {found:.0f}" if found.is_integer() else "compare it, as in {gt: 3}"
    return f"`{key}` is a whole number: `{text}` never matches", remedy


def _of_operand(key: str, operator: str, text: str) -> Doubt:
    if operator in TEXTS:
        return _quoted(text) or _of_several(key, operator, text)
    if operator == "matches":
        return _quoted(text) or _boundary(text) or _slashes(text)
    if operator in ORDERS and key not in MAY_BE_NUMBERS and not key.startswith(ATTRIBUTES):
        since = "; for times there is `for`" if key in TIMES else ""
        return f"`{operator}` compares numbers, and `{key}` is not a number{since}", ""
    return None


def _of_several(key: str, operator: str, text: str) -> Doubt:
    if key in LISTS or not (parts := listed(key, text)):
        return None
    each = ", ".join(f'{{{key}: {{{operator}: "{part}"}}}}' for part in parts)
    return f"`{operator}` looks for `{text}` as a whole", f"write any: [{each}]"


def _of_all(key: str, operand: Series) -> Doubt:
    texts = {comparable(entry.text) for entry in operand.entries if isinstance(entry, Scalar)}
    if len(texts) < 2:
        return None
    return f"`{key}` is one text, and never all of these", "write any_of"


def _quoted(text: str) -> Doubt:
    if not QUOTED.fullmatch(text):
        return None
    return f"the quotes in `{text}` are part of the text", f'write "{text[1:-1]}"'


def _signed(text: str) -> Doubt:
    found = SIGNED.fullmatch(text)
    if not found:
        return None
    sign, rest = found.groups()
    if sign in ORDER_OF:
        remedy = f"{{{ORDER_OF[sign]}: {rest}}}" if number(rest) is not None else ""
    else:
        remedy = f"{{not: {rest}}}" if sign in ("!=", "<>") else rest
    return (f"`{text}` is compared as a text", f"write {remedy}") if remedy else None


def _in_words(key: str, text: str) -> Doubt:
    """Find what would be a comparison elsewhere; what visitors type may be anything."""
    if key in FREE or key.startswith(ATTRIBUTES):
        return None
    if key not in NUMBERS and (text.casefold() in EMPTY or not text):
        said = f"`{text}` is compared as a text" if text else "an empty text equals nothing"
        return said, "write null for what is empty"
    if negated := NEGATED.fullmatch(text):
        return f"`{text}` is compared as a text", f"write {{not: {negated[1]}}}"
    if len(either := EITHER.split(text)) > 1:
        return f"`{text}` is compared as one text", f"write [{', '.join(either)}]"
    if (starred := STARRED.fullmatch(text)) and starred[0] != starred[2]:
        name = {("*", ""): "ends_with", ("", "*"): "starts_with"}
        operator = name.get((starred[1], starred[3]), "contains")
        return f"a `*` stands for itself in `{text}`", f'write {{{operator}: "{starred[2]}"}}'
    return None


def _boundary(pattern: str) -> Doubt:
    if not ascii_boundary(pattern):
        return None
    return (
        r"`\b` and `\B` within an expression know the letters a to z alone",
        r"write (^|\PL) for the left and (\PL|$) for the right of a word",
    )


def _slashes(pattern: str) -> Doubt:
    found = SLASHES.fullmatch(pattern)
    if not found:
        return None
    remedy = f"write '{'(?i)' if 'i' in found[2] else ''}{found[1]}'"
    return "the slashes around this expression are part of it", remedy
