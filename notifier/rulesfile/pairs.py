"""The keys and values of one mapping, less what people write and YAML takes for keys."""

import re

from notifier.rules.unfit import is_hushed
from notifier.rulesfile.nodes import Faults, Mark, Node, Scalar, Table

MERGE = "<<"
GLUED_IN_BRACES = re.compile(r"(?P<key>[A-Za-z_][\w-]*):(?P<value>[^\s/].*)")
GLUED_BRACE = re.compile(r"(?P<key>[\w-]+):(?P<value>[\[{].*)")
WORDS = re.compile(r"(?P<key>[A-Za-z_]+)\s+(?P<value>.+)")
QUOTE = "put a text with a comma in quotes"
COLON = re.compile(r"[\"']?\s*:")


class Pairs:
    """Collects the pairs of a mapping in file order; faults are reported as they come."""

    def __init__(self, faults: Faults, *, in_braces: bool) -> None:
        self._faults = faults
        self._in_braces = in_braces
        self._entries: dict[str, tuple[Scalar, Node]] = {}
        self._alone: list[Scalar] = []
        self._torn = False
        self._repeated = False

    def add(self, key: Scalar, value: Node, *, behind: str) -> None:
        """Take a pair; ``behind`` is what stands behind the key on its line."""
        if self._is_slip(key, value, behind):
            self._torn = True
        elif self._in_braces and _is_nothing(value) and not COLON.match(behind):
            self._alone.append(key)
        elif key.text in self._entries:
            self._repeat(key)
        else:
            self._close_list()
            self._entries[key.text] = key, value

    def table(self, at: Mark) -> Table:
        """Return the mapping."""
        self._close_list()
        return Table(at=at, entries=tuple(self._entries.values()), torn=self._torn)

    def _is_slip(self, key: Scalar, value: Node, behind: str) -> bool:
        if not key.plain:
            return False
        if key.written == MERGE:
            problem = "`<<` merges nothing in YAML 1.2"
            self._faults.add(key.at, problem, "write the keys out, or alias the whole value")
            return True
        if key.written != key.written.strip():
            problem = f"a blank that is not a space stands beside `{key.written.strip()}`"
            self._faults.lose(key.at, problem, "use spaces of the space bar alone")
            return True
        is_bare = self._in_braces and _is_nothing(value) and not COLON.match(behind)
        pattern = GLUED_IN_BRACES if is_bare else GLUED_BRACE
        if glued := pattern.fullmatch(key.written):
            shown = glued["value"] if is_bare and not is_hushed(glued["key"]) else "…"
            remedy = f"write `{glued['key']}: {shown}`"
            problem = f"a blank is missing after `{glued['key']}:`"
            self._faults.lose(key.at, problem, remedy)
        return glued is not None

    def _repeat(self, key: Scalar) -> None:
        # One is enough: where a `- ` is missing, every key of the second entry repeats.
        self._torn = True
        if not self._repeated:
            first = self._entries[key.text][0].at
            remedy = f"first in line {first.line}"
            if key.text == "name":
                remedy += "; each entry of a list begins with `- `"
            self._faults.add(key.at, f"`{key.written}` is here twice", remedy)
        self._repeated = True

    def _close_list(self) -> None:
        """Report what stood alone between commas, once for all of it."""
        alone, self._alone = self._alone, []
        if not alone:
            return
        key, value = next(reversed(self._entries.values()), (None, None))
        first = alone[0]
        if is_hushed(first.written):
            self._faults.add(first.at, "a text stands alone after a comma", QUOTE)
        elif words := WORDS.fullmatch(first.written):
            self._torn = True
            remedy = f"write `{words['key']}: {words['value']}`, or {QUOTE}"
            self._faults.add(first.at, f"`{first.written}` has no colon", remedy)
        elif key is None or not isinstance(value, Scalar):
            problem = f"`{first.written}` has no value"
            self._faults.add(first.at, problem, "write `: ` and the value behind it")
        else:
            self._split(key, value, alone)

    def _split(self, key: Scalar, value: Scalar, alone: list[Scalar]) -> None:
        """Report a value that commas cut into pieces."""
        parts = [value.written, *(one.written for one in alone)]
        if is_hushed(key.written):
            self._faults.add(value.at, f"a comma ends `{key.written}`", QUOTE)
        elif "".join(parts).isdecimal():
            problem = f"`{key.written}`: a number has no commas"
            self._faults.add(value.at, problem, f"write {''.join(parts)}")
        else:
            remedy = f"write `{key.written}: [{', '.join(parts)}]`, or {QUOTE}"
            self._faults.add(alone[0].at, f"`{alone[0].written}` has no key", remedy)


def key_meant(node: Node) -> str:
    """Return how to write ``name:New``, which is one text, as a key and a value; or nothing."""
    glued = GLUED_IN_BRACES.fullmatch(node.written) if isinstance(node, Scalar) else None
    if not glued or is_hushed(glued["key"]):
        return ""
    return f"write `{glued['key']}: {glued['value']}`, with a blank"


def _is_nothing(value: Node) -> bool:
    return isinstance(value, Scalar) and value.null and value.written == ""
