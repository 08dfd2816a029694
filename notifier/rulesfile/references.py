"""The names in an entry of a list: its own, unique, and those of what it refers to."""

import re
from collections.abc import Callable, Collection
from typing import TypeVar

from notifier.rules.unfit import UnfitError
from notifier.rules.windows import Window
from notifier.rulesfile.nodes import Faults, Mark, Node, Scalar, Series, Table, is_expanded
from notifier.rulesfile.places import Places

T = TypeVar("T")

SEPARATORS = re.compile(r"\s*(?:[,;/&+|]|\band\b|\bor\b|\s)\s*")


class References:
    """Finds what names stand for, and reports those that stand for nothing."""

    def __init__(self, places: Places, faults: Faults) -> None:
        self._places = places
        self._faults = faults
        self._names: dict[str, tuple[str, Mark]] = {}

    def check_name(self, node: Table, what: str) -> None:
        """Report an entry's name that an earlier one has; ``what`` each is, as ``rule``."""
        name = node.get("name")
        if not isinstance(name, Scalar):
            return
        if name.text in self._names:
            first, at = self._names[name.text]
            already = f"a {first} `{name.written}` exists already"
            self._faults.add(name.at, already, f"see {at}")
        self._names.setdefault(name.text, (what, name.at))

    def check_send(self, node: Table) -> None:
        """Report what is no destination."""
        names = self._places.destination_names
        for scalar in scalars(node.get("send")):
            if self._faults.partial:
                break
            if scalar.text in names or scalar.unresolved:
                continue
            if not self.is_list(scalar, "send", names):
                self._faults.unknown(scalar, "destination", names.values())

    def is_list(self, scalar: Scalar, key: str, known: Collection[str]) -> bool:
        """Report several names in one text; says whether it is one."""
        parts = [part for part in SEPARATORS.split(scalar.written) if part]
        is_list = len(parts) > 1 and any(part in known for part in parts)
        if is_list:
            remedy = f"write a list: [{', '.join(parts)}]"
            self._faults.add(scalar.at, f"`{key}`: several names stand in one text", remedy)
        return is_list

    def window(self, node: Table, key: str) -> Window | None:
        """Return the window that stands under a key; one that there is not is reported."""
        name = node.get(key)
        if not isinstance(name, Scalar) or name.null or name.unresolved:
            return None
        if name.text not in self._places.window_names and not self._faults.partial:
            self._faults.unknown(name, "window", self._places.window_names.values())
        return self._places.windows.get(name.text)


def scalars(node: Node | None) -> tuple[Scalar, ...]:
    """Return the texts of one or of a list."""
    entries = node.entries if isinstance(node, Series) else (node,)
    return tuple(entry for entry in entries if isinstance(entry, Scalar) and not entry.null)


def read_text(node: Scalar, key: str, parse: Callable[[str], T], faults: Faults) -> T | None:
    """Return what a text means; why it means nothing is reported, without a secret in it."""
    try:
        return parse(node.text)
    except ValueError as error:
        problem = (
            error.said_of(node.written)
            if isinstance(error, UnfitError) and is_expanded(node)
            else str(error)
        )
        faults.add(node.at, f"`{key}`: {problem}")
        return None
