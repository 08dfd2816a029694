"""The mapping under a rule's ``if`` → a :class:`Condition`, with every mistake reported."""

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from notifier.cleaning import visible
from notifier.core.event_types import EventType
from notifier.core.records import LEAD, NON_LEAD
from notifier.core.synonyms import field_meant
from notifier.messages.facts import STATUS_EMOJI
from notifier.rules import comparisons
from notifier.rules.comparisons import Test
from notifier.rules.conditions import Clause, Condition, Group
from notifier.rules.views import (
    ATTRIBUTES,
    CHANGE_KEYS,
    Getter,
    attribute_getter,
    field_getters,
)
from notifier.rulesfile.doubts import NEAR, tell_doubts
from notifier.rulesfile.impossible import warn_of_impossible
from notifier.rulesfile.nodes import (
    Faults,
    Node,
    Scalar,
    Series,
    Table,
    is_expanded,
    is_null,
    meant,
    written,
)
from notifier.rulesfile.rule_slips import SIGNS, condition_meant, number_meant

COMBINATORS = ("any", "all", "not")
OTHER_COMBINATORS = {"or": "any", "and": "all", "none": "not"}
TEXT_TESTS: dict[str, Callable[[str], Test]] = {
    "contains": comparisons.contains,
    "starts_with": comparisons.starts_with,
    "ends_with": comparisons.ends_with,
    "matches": comparisons.matches,
}
LIST_TESTS = ("any_of", "all_of", "none_of")
OPERATORS = ("not", *TEXT_TESTS, "exists", *comparisons.ORDERS, *LIST_TESTS)

Read: TypeAlias = Test | None
"""A test, or ``None`` after a fault."""


STATUSES = tuple(STATUS_EMOJI)
KNOWN_VALUES = {
    "status": STATUSES,
    "type": (LEAD, NON_LEAD),
    "last_message.by": ("bot", "user", "agent"),
}


def read_condition(
    node: Node | None,
    *,
    faults: Faults,
    no_change: str = "",
    sources: Collection[str] = (),
    types: AbstractSet[EventType] = frozenset(),
) -> Condition:
    """Return the condition; ``no_change`` says why ``from`` and ``to`` may not be named.

    What none of ``sources``, no lead or no event of these ``types`` can have is a warning.
    """
    known: dict[str, Collection[str]] = {**KNOWN_VALUES, "source": sources}
    changed = [kind.endswith("status_changed") for kind in types]
    if any(changed):
        known |= {f"{key}{'' if all(changed) else NEAR}": STATUSES for key in CHANGE_KEYS}
    condition = _Reader(faults, no_change, known).condition(node)
    warn_of_impossible(node, condition, types, faults)
    return condition


class _Reader:
    def __init__(
        self, faults: Faults, no_change: str, known: Mapping[str, Collection[str]]
    ) -> None:
        self._faults = faults
        self._no_change = no_change
        self._known = known
        self._getters = field_getters()

    def condition(self, node: Node | None) -> Condition:
        if node is None or is_null(node):
            return Condition()
        if not isinstance(node, Table):
            problem = "a condition is a mapping, as in {country: India}"
            self._faults.add(node.at, problem, condition_meant(node))
            return Condition()
        clauses = (self._clause(key, value) for key, value in node.entries)
        return Condition(
            clauses=tuple(clause for clause in clauses if clause), written=written(node)
        )

    def _clause(self, key: Scalar, value: Node) -> Clause | Group | None:
        if key.text in COMBINATORS:
            return self._group(key, value)
        if combinator := OTHER_COMBINATORS.get(key.text.casefold()):
            problem = f"`{key.written}` is no lead field; did you mean `{combinator}`?"
            self._faults.add(key.at, problem)
            return None
        get = self._getter(key)
        test = self._test(key.written, value)
        tell_doubts(key.text, value, known=self._known, faults=self._faults)
        if get is None or test is None:
            return None
        return Clause(key=key.text, wanted=written(value), get=get, test=test)

    def _group(self, key: Scalar, value: Node) -> Group | None:
        if key.text == "not":
            parts: tuple[Node, ...] = (value,)
        elif isinstance(value, Series) and value.entries:
            parts = value.entries
        else:
            self._faults.add(value.at, f"`{key.written}` wants a list of conditions")
            return None
        conditions = tuple(self.condition(part) for part in parts)
        return Group(key=key.text, wanted=written(value), parts=conditions)

    def _getter(self, key: Scalar) -> Getter | None:
        if key.text in CHANGE_KEYS and self._no_change:
            self._faults.add(key.at, f"`{key.written}` is not allowed here: {self._no_change}")
            return None
        if key.text.startswith(ATTRIBUTES) and key.text != ATTRIBUTES:
            return attribute_getter(key.text.removeprefix(ATTRIBUTES))
        get = self._getters.get(key.text)
        if get is None and not key.unresolved:
            near = self._near(key.text)
            remedy = "" if near else f"an attribute is named attributes.{key.written}"
            self._faults.add(key.at, f"`{key.written}` is no lead field{near}", remedy)
        return get

    def _near(self, name: str) -> str:
        """Return the field meant, by what other tools call it, else by its letters."""
        field = field_meant(name)
        if field in self._getters:
            return f"; did you mean `{field}`?"
        return meant(name, (*self._getters, *COMBINATORS))

    def _test(self, key: str, value: Node) -> Read:
        match value:
            case Scalar() if value.null or not visible(value.text):
                return comparisons.is_missing
            case Scalar():
                return comparisons.equals(value.text)
            case Series():
                return self._any_of(key, value)
            case Table():
                return self._operators(key, value)

    def _any_of(self, key: str, value: Series) -> Read:
        if not value.entries:
            self._faults.add(value.at, f"`{key}`: an empty list matches nothing")
        texts = [e.text for e in value.entries if isinstance(e, Scalar) and not e.null]
        if len(texts) == len(value.entries):
            return comparisons.one_of(texts)
        tests = [self._test(key, entry) for entry in value.entries]
        return comparisons.any_holds([test for test in tests if test])

    def _operators(self, key: str, value: Table) -> Read:
        if not value.entries:
            self._faults.add(value.at, f"`{key}`: an empty mapping compares nothing")
        tests = [self._operator(key, name, operand) for name, operand in value.entries]
        found = [test for test in tests if test]
        return found[0] if len(found) == 1 else comparisons.all_hold(found)

    def _operator(self, key: str, name: Scalar, operand: Node) -> Read:
        if name.text == "not":
            test = self._test(key, operand)
            return comparisons.negated(test) if test else None
        if name.text in TEXT_TESTS:
            return self._text_test(name, operand)
        if name.text == "exists":
            return self._exists(operand)
        if name.text in comparisons.ORDERS:
            return self._order(name.text, operand)
        if name.text in LIST_TESTS:
            return self._list_test(name.text, operand)
        self._unknown_operator(key, name)
        return None

    def _unknown_operator(self, key: str, name: Scalar) -> None:
        if f"{key}.{name.text}" in self._getters or key == "attributes":
            remedy = f"write `{key}.{name.written}:`"
            self._faults.add(name.at, f"`{name.written}` is not a comparison", remedy)
        else:
            near = SIGNS.get(name.text)
            problem = f"`{name.written}` is not a comparison; did you mean `{near}`?"
            if near:
                self._faults.add(name.at, problem)
            else:
                self._faults.unknown(name, "comparison", OPERATORS)

    def _text_test(self, name: Scalar, operand: Node) -> Read:
        text = self._operand_text(name.text, operand)
        if text is None:
            return None
        try:
            return TEXT_TESTS[name.text](text.text)
        except ValueError as error:
            if not text.unresolved:
                problem = text.written if is_expanded(text) else str(error)
                self._faults.add(operand.at, f"`{name.text}`: not an RE2 expression: {problem}")
            return None

    def _exists(self, operand: Node) -> Read:
        flag = operand.flag if isinstance(operand, Scalar) else None
        if flag is None:
            self._faults.add(operand.at, "`exists` is true or false")
            return None
        return comparisons.exists(wanted=flag)

    def _order(self, name: str, operand: Node) -> Read:
        text = self._operand_text(name, operand)
        if text is None or text.unresolved:
            return None
        bound = comparisons.number(text.text)
        if bound is None:
            problem = f"`{name}` wants a number, not `{text.written}`"
            self._faults.add(operand.at, problem, number_meant(text.written))
            return None
        return comparisons.compares(name, bound)

    def _list_test(self, name: str, operand: Node) -> Read:
        entries: Collection[Node] = operand.entries if isinstance(operand, Series) else ()
        texts = [e.text for e in entries if isinstance(e, Scalar) and not e.null]
        if not entries or len(texts) != len(entries):
            self._faults.add(operand.at, f"`{name}` wants a list of texts, as in [a, b]")
            return None
        if name == "all_of":
            return comparisons.all_of(texts)
        found = comparisons.one_of(texts)
        return comparisons.negated(found) if name == "none_of" else found

    def _operand_text(self, name: str, operand: Node) -> Scalar | None:
        if isinstance(operand, Scalar) and not operand.null and comparisons.part(operand.text):
            return operand
        self._faults.add(operand.at, f"`{name}` wants one text that is not empty")
        return None
