"""The text of a rules file → a tree of nodes: YAML 1.2 without its traps.

Plain words stay words (``NO``, ``on``, ``22:00``), so what a rule compares with
is what its author wrote. Custom tags, duplicate keys and aliases that expand
beyond reason are refused.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, StreamMark, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from notifier.errors import ConfigError
from notifier.rules.nodes import Faults, Mark, Node, Scalar, Series, Table

Lookup = Callable[[str], str | None]

MAX_DEPTH = 40
MAX_ALIASED_NODES = 10_000
STRING_TAG = "tag:yaml.org,2002:str"
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
SURROGATE = re.compile("[\ud800-\udfff]")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_document(
    file: str, text: str, *, lookup: Lookup, faults: Faults, lenient: bool = False
) -> Node | None:
    """Return the file's tree, or ``None`` where it is empty or no YAML.

    ``lookup`` gives the value of a ``${NAME}``; a missing one is a fault, with
    ``lenient`` a warning.
    """
    builder = _Builder(file, text, lookup=lookup, faults=faults, lenient=lenient)
    try:
        return builder.document()
    except _UnreadableError:
        return None
    except MarkedYAMLError as error:
        builder.report(error)
    except ReaderError as error:
        before = text[: error.position]
        mark = Mark(file, before.count("\n") + 1, error.position - before.rfind("\n"))
        faults.add(mark, "a control character is no text", "remove it")
    except YAMLError as error:
        faults.add(Mark(file, 1, 1), f"this is no YAML: {type(error).__name__}")
    return None


class _UnreadableError(Exception):
    """The fault is reported already; reading on would only find its echoes."""


class _Builder:
    def __init__(
        self, file: str, text: str, *, lookup: Lookup, faults: Faults, lenient: bool
    ) -> None:
        self._file = file
        self._lines = text.splitlines()
        self._lookup = lookup
        self._faults = faults
        self._lenient = lenient
        self._events: Iterator[Event] = YAML(typ="safe", pure=True).parse(
            text.removeprefix("\ufeff")
        )
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self._aliased = 0

    def document(self) -> Node | None:
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop(event, "a second document begins", "keep one document a file")
                root = self._node(next(self._events), depth=0)
        return None if isinstance(root, Scalar) and root.null else root

    def report(self, error: MarkedYAMLError) -> None:
        problem = str(error.problem or error.context)
        is_cut_off = "stream end" in problem or "end of stream" in problem
        # The context of what never ends is where it begins.
        at = (is_cut_off and error.context_mark) or error.problem_mark or error.context_mark
        mark = self._mark(at) if at else Mark(self._file, 1, 1)
        line = self._line(mark)
        remedy = ""
        if is_cut_off:
            problem, remedy = "the file ends within brackets or quotes", "close what is open"
        elif "'\\t'" in problem:
            problem, remedy = "a tab stands where YAML wants spaces", "indent with spaces"
        elif "${" in line:
            remedy = "between { } and [ ], put ${…} in quotes"
        elif "mapping values" in problem:
            remedy = "check the indentation, or put a text with `: ` in quotes"
        elif "block end" in problem:
            problem, remedy = "this line fits nothing above it", "check the indentation"
        self._faults.add(mark, f"this is no YAML: {problem}", remedy)

    def _node(self, event: Event, *, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            self._stop(event, f"this is nested more than {MAX_DEPTH} levels deep", "")
        before = self._nodes + self._aliased
        self._nodes += 1
        self._check_tag(event)
        node: Node
        if isinstance(event, MappingStartEvent):
            node = self._table(event, depth=depth)
        elif isinstance(event, SequenceStartEvent):
            node = self._series(event, depth=depth)
        else:
            node = self._scalar(event)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = node, self._nodes + self._aliased - before
        return node

    def _alias(self, event: AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            self._stop(event, f"`*{event.anchor}` names no anchor above it", "")
        node, size = self._anchors[event.anchor]
        # Counted instead of expanded: nodes are shared, but whoever walks the
        # tree afterwards would walk every copy.
        self._aliased += size
        if self._aliased > MAX_ALIASED_NODES:
            self._stop(event, "the aliases expand beyond reason", "write the values out")
        return node

    def _series(self, start: Event, *, depth: int) -> Series:
        entries: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            entries.append(self._node(event, depth=depth + 1))
        return Series(at=self._mark(start.start_mark), entries=tuple(entries))

    def _table(self, start: Event, *, depth: int) -> Table:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._node(event, depth=depth + 1)
            if not isinstance(key, Scalar):
                self._stop(
                    event,
                    "a key must be a text",
                    "put a text that begins with {{, { or [ in quotes",
                )
            value = self._node(next(self._events), depth=depth + 1)
            if isinstance(value, Scalar) and value.null:
                value = self._null(key, value)
            if key.text in entries:
                first = entries[key.text][0].at
                self._faults.add(
                    key.at, f"`{key.written}` is here twice", f"first in line {first.line}"
                )
            else:
                entries[key.text] = key, value
        return Table(at=self._mark(start.start_mark), entries=tuple(entries.values()))

    def _null(self, key: Scalar, value: Scalar) -> Scalar:
        """Return a null that stands where its key does: the parser places it lines below."""
        rest = self._line(key.at)[key.at.column - 1 + len(key.written) :]
        if comment := re.match(r"\W{0,2}:\s+(#\S+)", rest):
            self._faults.add(
                key.at,
                f"`{key.written}` is empty, since `{comment[1]}` is a comment",
                f'write "{comment[1]}" in quotes',
            )
        return replace(value, at=key.at)

    def _scalar(self, event: Event) -> Scalar:
        assert isinstance(event, ScalarEvent)
        at = self._mark(event.start_mark)
        is_plain = event.style is None and event.tag is None
        if SURROGATE.search(event.value):
            self._stop(event, "half a character is no text", "write it without \\ud800 and kin")
        text, unresolved = self._expanded(event.value, at)
        return Scalar(
            at=at,
            text=text,
            written=event.value,
            plain=is_plain,
            null=is_plain and event.value in NULLS,
            unresolved=unresolved,
            text_line=at.line + (event.style in ("|", ">")),
        )

    def _expanded(self, value: str, at: Mark) -> tuple[str, bool]:
        missing = False

        def replacement(found: re.Match[str]) -> str:
            nonlocal missing
            if found[0] == "$${":
                return "${"
            looked_up = self._looked_up(found, at)
            missing = missing or looked_up is None
            return found[0] if looked_up is None else looked_up

        return REFERENCE.sub(replacement, value), missing

    def _looked_up(self, found: re.Match[str], at: Mark) -> str | None:
        name = found[1]
        if not found[2] or not NAME.fullmatch(name):
            self._faults.add(
                at, "`${` begins no name", "write ${NAME}, or $${ for the two characters"
            )
            return None
        try:
            value = self._lookup(name)
        except ConfigError as error:
            for fault in error.faults:
                self._faults.add(at, f"{fault.where}: {fault.problem}", fault.remedy)
            return None
        if value is None:
            report = self._faults.warn if self._lenient else self._faults.add
            report(at, f"`${{{name}}}` is not set", f"set {name} in the environment")
            return None
        if SURROGATE.search(value):
            self._faults.add(at, f"what `${{{name}}}` stands for is no UTF-8")
            return None
        return value

    def _check_tag(self, event: Event) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, STRING_TAG):
            self._faults.add(
                self._mark(event.start_mark), f"the tag {tag} is not allowed", "remove it"
            )

    def _stop(self, event: Event, problem: str, remedy: str) -> NoReturn:
        self._faults.add(self._mark(event.start_mark), problem, remedy)
        raise _UnreadableError

    def _mark(self, mark: StreamMark) -> Mark:
        return Mark(self._file, mark.line + 1, mark.column + 1)

    def _line(self, mark: Mark) -> str:
        return self._lines[mark.line - 1] if mark.line <= len(self._lines) else ""
