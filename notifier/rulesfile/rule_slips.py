"""Entries under ``rules:`` that are no rules, and conditions that are no mappings."""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

from notifier.core.synonyms import CALLED, field_meant
from notifier.rulesfile.nodes import Faults, Node, Scalar, Series, Table

COMPARED = re.compile(
    r"(?P<key>[A-Za-z_][\w.]*)\s*"
    r"(?P<sign>==?|!=|<>|>=|<=|>|<|:|\bis not\b|\bis\b|\bcontains\b)\s*(?P<value>.+)"
)
OF_A_LEAD = re.compile(r" *((?:lead|change|event)\.[\w.]+) *")
AND = re.compile(r"\s+(?:and|AND|&&?)\s+")
OR = re.compile(r"\s(?:or|OR|\|\|?)\s")
SIGNS = {
    **dict.fromkeys(("!=", "<>", "is not"), "not"),
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "contains": "contains",
}


def real_rules(nodes: Iterable[Node], keys: Collection[str], faults: Faults) -> Iterator[Node]:
    """Yield what can be read as a rule; each other entry, or run of them, is one fault."""
    for is_split, run in groupby(nodes, lambda node: _has_one_key(node, keys)):
        entries = list(run)
        if is_split and len(entries) > 1:
            first, second = (written_key(node) for node in entries[:2])
            remedy = f"write `{second}:` below `{first}:`, without `- `"
            faults.lose(entries[0].at, "each `- ` begins a rule of its own", remedy)
            continue
        for node in entries:
            if not _is_stranger(node, keys, faults):
                yield node


def condition_meant(node: Node) -> str:
    """Return how to write what stands where a condition belongs, or nothing."""
    if isinstance(node, Series):
        return "write the keys without `- `, or `any:` or `all:` above the list"
    parts = AND.split(node.written) if isinstance(node, Scalar) else []
    found = [comparison for part in parts if (comparison := COMPARED.fullmatch(part))]
    if not found or len(found) < len(parts) or OR.search(parts[-1]):
        return ""
    return f"write {{{', '.join(map(_pair, found))}}}"


def _pair(found: re.Match[str]) -> str:
    value = found["value"].strip().strip("\"'“”")
    sign = SIGNS.get(found["sign"])
    return f"{found['key']}: {f'{{{sign}: {value}}}' if sign else value}"


def number_meant(text: str) -> str:
    """Return how to write a number with separators in it, or nothing."""
    digits = re.sub(r"[,_ \u00a0\u202f]", "", text)
    return f"write {digits}" if digits.isdecimal() and digits != text else ""


def reference_meant(name: str) -> str:
    """Return how to write what begins with ``${`` and names nothing to look up."""
    if found := OF_A_LEAD.fullmatch(name):
        return f"write {{{{ {found[1]} }}}}"
    return "write ${NAME}, or $${ for the two characters"


def unset_meant(name: str) -> str:
    """Return how to mend a ``${name}`` that is nowhere set."""
    field = name if name in CALLED else field_meant(name)
    lead = (
        f", or write {{{{ lead.{field} }}}} for the lead's" if field and name.islower() else ""
    )
    return f"set {name} in the environment{lead}"


def written_key(node: Node) -> str:
    """Return the first key of a mapping."""
    return node.entries[0][0].written if isinstance(node, Table) and node.entries else ""


def _has_one_key(node: Node, keys: Collection[str]) -> bool:
    return isinstance(node, Table) and len(node.entries) == 1 and written_key(node) in keys


def _is_stranger(node: Node, keys: Collection[str], faults: Faults) -> bool:
    """Report a mapping that has nothing of a rule; says whether it is one."""
    if not isinstance(node, Table) or not node.entries or node.torn:
        return False
    folded = {key.casefold() for key in keys}
    if any(name.text.casefold() in folded for name, _ in node.entries):
        return False
    name, value = node.entries[0]
    if isinstance(value, Table) and value.get("type"):
        remedy = f"write `{name.written}:` under `destinations:`"
        faults.lose(name.at, f"`{name.written}` is a destination and not a rule", remedy)
        return True
    if isinstance(value, Table) and value.get("send"):
        remedy = f"write `- name: {name.written}`, and its keys below `name`"
        faults.lose(name.at, f"`{name.written}` is not a rule key", remedy)
        return True
    return False
