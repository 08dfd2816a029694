"""Conditions that are right by themselves and yet can never hold."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import permutations, product

from notifier.core.event_types import OPERATIONS, EventType
from notifier.core.records import LEAD, NON_LEAD
from notifier.core.rows import Json
from notifier.messages.facts import STATUS_EMOJI
from notifier.rules.comparisons import ORDERS, Seen, number
from notifier.rules.conditions import Clause, Condition, Group
from notifier.rules.views import NOBODY, View
from notifier.rulesfile.doubts import LISTS, TEXTS
from notifier.rulesfile.nodes import Faults, Node, Scalar, Series, Table

SUBJECTS = {"lead.": LEAD, "chat.": NON_LEAD}
NOTHING = {"from": "assigned", "to": "unassigned"}
OTHER = "§§"
"""Stands for any value that is not named."""
MOST_NAMED = 4


def warn_of_impossible(
    node: Node | None, condition: Condition, types: AbstractSet[EventType], faults: Faults
) -> None:
    """Warn of what can hold for no event of these types; no types at all are any."""
    if not isinstance(node, Table):
        return
    clauses = {clause.key: clause for clause in condition.clauses if isinstance(clause, Clause)}
    for key, problem in _problems(node, clauses, types):
        name = node.key(key)
        if name and not name.unresolved:
            faults.warn(name.at, problem, "this never holds as it is")
    for clause in condition.clauses:
        value = node.get(clause.key)
        if isinstance(clause, Group) and clause.key != "not" and isinstance(value, Series):
            for entry, part in zip(value.entries, clause.parts, strict=True):
                warn_of_impossible(entry, part, types, faults)


def _problems(
    node: Table, clauses: dict[str, Clause], types: AbstractSet[EventType]
) -> Iterator[tuple[str, str]]:
    if types and types <= OPERATIONS:
        yield from _of_operations(clauses, types)
        return
    yield from _of_type(clauses, types)
    yield from _of_changes(clauses, types)
    named = {key: list(_named(node.get(key))) for key in clauses}
    for key, clause in clauses.items():
        decidable = _decidable(node.get(key), named[key])
        if decidable and not any(_takes(clause, one) for one in _candidates(key, named[key])):
            yield key, f"nothing can be all that `{key}` wants"
    if types and all(kind.endswith("status_changed") for kind in types):
        yield from _of_pairs(clauses, named)


def _of_operations(
    clauses: dict[str, Clause], types: AbstractSet[EventType]
) -> Iterator[tuple[str, str]]:
    carries_source = any(kind.startswith("source.") for kind in types)
    nobody = View(lead=NOBODY)
    for key, clause in clauses.items():
        if key == "source" and carries_source:
            continue
        if not clause.holds(nobody):
            yield key, f"{', '.join(sorted(types))}: there `{key}` is always empty"


def _of_type(
    clauses: dict[str, Clause], types: AbstractSet[EventType]
) -> Iterator[tuple[str, str]]:
    here = {kind for start, kind in SUBJECTS.items() if any(t.startswith(start) for t in types)}
    if not here or "type" not in clauses:
        return
    possible = {one for one in SUBJECTS.values() if _takes(clauses["type"], one)}
    if possible and not possible & here:
        yield "type", f"{', '.join(sorted(types))}: there `type` is always {', '.join(here)}"


def _of_changes(
    clauses: dict[str, Clause], types: AbstractSet[EventType]
) -> Iterator[tuple[str, str]]:
    for key, suffix in NOTHING.items():
        empty = types and all(kind.endswith(f".{suffix}") for kind in types)
        if key in clauses and empty and not _takes(clauses[key], None):
            yield key, f"{', '.join(sorted(types))}: there `{key}` is always empty"
            return
    agents = types and all(kind.endswith("assigned") for kind in types)
    for key in NOTHING:
        statuses = [one for one in STATUS_EMOJI if key in clauses and _takes(clauses[key], one)]
        if agents and len(statuses) == 1:
            yield key, f"`{key}` is an agent's id here, and never {statuses[0]}"


def _takes(clause: Clause, value: Json) -> bool:
    return clause.test(Seen(value))


def _named(value: Node | None) -> Iterator[str]:
    """Yield every text and bound that stands in a value."""
    match value:
        case Scalar(null=False):
            yield value.text
        case Series():
            for entry in value.entries:
                yield from _named(entry)
        case Table():
            for _, operand in value.entries:
                yield from _named(operand)


def _decidable(value: Node | None, named: list[str]) -> bool:
    """Say whether trying the named values, joined in every order, tells all."""
    if not isinstance(value, Table) or not len(value.entries) >= 2:
        return False
    used = {name.text for name in _operators(value)}
    mixed = used & set(ORDERS) and used & set(TEXTS)
    return len(named) <= MOST_NAMED and "matches" not in used and not mixed


def _operators(value: Node | None) -> Iterator[Scalar]:
    if isinstance(value, Table):
        for name, operand in value.entries:
            yield name
            yield from _operators(operand)


def _candidates(key: str, named: list[str]) -> list[Json]:
    bounds = [found for text in named if (found := number(text)) is not None]
    numbers = [near for bound in bounds for near in (bound - 1, bound, bound + 1)]
    middles = [(low + high) / 2 for low, high in product(bounds, bounds)]
    orders = [order for size in range(1, 6) for order in permutations([*named, OTHER], size)]
    whole: list[Json] = list(orders) if key in LISTS else []
    joined = map("".join, orders)
    return [None, *joined, *whole, *STATUS_EMOJI, *numbers, *middles]


def _of_pairs(
    clauses: dict[str, Clause], named: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """Yield what no change of a status can be: a new status is ``to``, and not ``from``."""
    for left, right in (("status", "to"), ("from", "to")):
        if left not in clauses or right not in clauses:
            continue
        values = [None, OTHER, *STATUS_EMOJI, *named[left], *named[right]]
        lefts = [one for one in values if _takes(clauses[left], one)]
        rights = [one for one in values if _takes(clauses[right], one)]
        pairs = product(lefts, rights)
        if not any((one == other) is (left == "status") for one, other in pairs):
            yield left, f"`{left}` and `{right}` exclude each other"
