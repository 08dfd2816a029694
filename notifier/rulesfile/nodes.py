"""A YAML document as a tree that remembers where everything stands, and its faults."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from notifier.errors import Fault

VOWELS = ("a", "e", "i", "o", "u")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a file; lines and columns start at 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A text as written: ``NO``, ``007`` and ``22:00`` included.

    ``null`` is a plain ``null``, ``~`` or nothing at all. ``written`` is the text
    before ``${…}`` was replaced, the only form fit for error messages, and
    ``unresolved`` says that a name in it is missing. ``text_line`` is where the
    text begins: one line below ``at`` in a block scalar.
    """

    at: Mark
    text: str
    written: str
    plain: bool
    null: bool
    unresolved: bool
    text_line: int

    @property
    def flag(self) -> bool | None:
        """The boolean a plain ``true`` or ``false`` means, else ``None``."""
        if not self.plain:
            return None
        return {"true": True, "false": False}.get(self.text.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A list."""

    at: Mark
    entries: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A mapping in file order, without duplicate keys.

    ``torn`` says that a key was not understood, so that none may be called missing.
    """

    at: Mark
    entries: "tuple[tuple[Scalar, Node], ...]"
    torn: bool = False

    def get(self, key: str) -> "Node | None":
        """Return the value of a key, ``None`` where it is absent."""
        return next((value for name, value in self.entries if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        """Return the key itself, which knows its place."""
        return next((name for name, _ in self.entries if name.text == key), None)


Node: TypeAlias = Scalar | Series | Table


def is_null(node: Node | None) -> bool:
    """Say whether a value is absent or null."""
    return node is None or (isinstance(node, Scalar) and node.null)


def is_unresolved(node: Node | None) -> bool:
    """Say whether a ``${…}`` is missing anywhere in a value: nothing else is wrong then."""
    match node:
        case Scalar():
            return node.unresolved
        case Series():
            return any(map(is_unresolved, node.entries))
        case Table():
            return any(is_unresolved(key) or is_unresolved(v) for key, v in node.entries)
        case None:
            return False


def is_expanded(node: Node | None) -> bool:
    """Say whether a value was looked up anywhere: its text belongs into no message."""
    match node:
        case Scalar():
            return node.text != node.written
        case Series():
            return any(map(is_expanded, node.entries))
        case Table():
            return any(is_expanded(key) or is_expanded(v) for key, v in node.entries)
        case None:
            return False


def written(node: Node) -> str:
    """Return a value on one line, the way it could stand in the file."""
    match node:
        case Scalar():
            return node.written if node.plain and node.written else f'"{node.written}"'
        case Series():
            return f"[{', '.join(map(written, node.entries))}]"
        case Table():
            pairs = (f"{key.written}: {written(value)}" for key, value in node.entries)
            return f"{{{', '.join(pairs)}}}"


def plain(node: Node) -> object:
    """Return texts, ``None``, lists and dicts, for pydantic to judge."""
    match node:
        case Scalar():
            return None if node.null else node.text
        case Series():
            return [plain(entry) for entry in node.entries]
        case Table():
            return {key.text: plain(value) for key, value in node.entries}


def meant(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean `status`?`` for a near miss, else nothing."""
    return _meant(name, {one: one for one in known})


def may_be_meant(table: Table, key: str, known: Iterable[str]) -> bool:
    """Say whether a key is there after all, in letters or a place that nobody knows."""
    names = list(known)
    strangers = [name.text for name, _ in table.entries if name.text not in names]
    return table.torn or any(f"`{key}`" in meant(stranger, names) for stranger in strangers)


def _meant(name: str, known: Mapping[str, str]) -> str:
    names = {one.casefold(): told for one, told in known.items()}
    near = get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return f"; did you mean `{names[near[0]]}`?" if near else ""


def _told(name: str | Scalar) -> tuple[str, str]:
    return (name.text, name.written) if isinstance(name, Scalar) else (name, name)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


class Faults:
    """Collects every fault and warning of a set of files, in the order of the files."""

    def __init__(self) -> None:
        self._faults: list[tuple[Mark, Fault]] = []
        self._warnings: list[tuple[Mark, Fault]] = []
        self.partial = False

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, at: Mark, problem: str, remedy: str = "") -> None:
        """Report a mistake that keeps the rules from being used."""
        self._faults.append((at, Fault(where=str(at), problem=problem, remedy=remedy)))

    def lose(self, at: Mark, problem: str, remedy: str = "") -> None:
        """Report a mistake that keeps a part unread: names that others use may be in it."""
        self.partial = True
        self.add(at, problem, remedy)

    def warn(self, at: Mark, problem: str, remedy: str = "") -> None:
        """Report what is probably not meant, but can be used."""
        self._warnings.append((at, Fault(where=str(at), problem=problem, remedy=remedy)))

    def unknown(self, name: Scalar, what: str, known: Iterable[str | Scalar]) -> None:
        """Report a name nobody knows, with the nearest one that is known.

        ``known`` is in the order to list them; names of the file are told as written.
        """
        names = dict(map(_told, known))
        near = _meant(name.text, names)
        remedy = "" if near or len(names) > 15 else f"there is {_listed(names.values())}"
        article = "an" if what.startswith(VOWELS) else "a"
        self.add(name.at, f"`{name.written}` is not {article} {what}{near}", remedy)

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults by place, each once."""
        return _in_order(self._faults)

    def warnings(self) -> tuple[Fault, ...]:
        """Return the warnings by place, each once."""
        return _in_order(self._warnings)


def _in_order(found: list[tuple[Mark, Fault]]) -> tuple[Fault, ...]:
    return tuple(dict.fromkeys(fault for _, fault in sorted(found, key=lambda pair: pair[0])))
