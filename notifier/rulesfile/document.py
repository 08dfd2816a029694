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
from notifier.rulesfile.nodes import Faults, Mark, Node, Scalar, Series, Table
from notifier.rulesfile.pairs import Pairs
from notifier.rulesfile.rule_slips import reference_meant, unset_meant
from notifier.rulesfile.syntax import diagnose

Lookup = Callable[[str], str | None]

MAX_DEPTH = 40
MAX_ALIASED_NODES = 10_000
STRING_TAG = "tag:yaml.org,2002:str"
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
SURROGATE = re.compile("[\ud800-\udfff]")
QUOTED = re.compile("[“”„«‘’‚].*[“”»«‘’]", re.DOTALL)
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
        faults.lose(mark, "a control character is not text", "remove it")
    except YAMLError as error:
        faults.lose(Mark(file, 1, 1), f"this is not valid YAML: {type(error).__name__}")
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
        slip = diagnose(error, self._lines)
        at = Mark(self._file, slip.line, slip.column)
        self._faults.lose(at, f"this is not valid YAML: {slip.problem}", slip.remedy)

    def _node(self, event: Event, *, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth > MAX_DEPTH:
            self._stop(event, f"this is nested more than {MAX_DEPTH} levels deep", "")
        before = self._nodes + self._aliased
        self._nodes += 1
        is_tagged = self._is_tagged(event)
        node: Node
        if isinstance(event, MappingStartEvent):
            node = self._table(event, depth=depth)
        elif isinstance(event, SequenceStartEvent):
            node = self._series(event, depth=depth)
        else:
            node = self._scalar(event, lost=is_tagged)
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._anchors[anchor] = node, self._nodes + self._aliased - before
        return node

    def _alias(self, event: AliasEvent) -> Node:
        if event.anchor not in self._anchors:
            remedy = "put a text that begins with * in quotes"
            self._stop(event, f"`*{event.anchor}` names no anchor above it", remedy)
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
        pairs = Pairs(self._faults, in_braces=bool(getattr(start, "flow_style", False)))
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event, depth=depth + 1)
            value = self._node(next(self._events), depth=depth + 1)
            behind = self._line(key.at)[key.at.column - 1 + len(key.written) :]
            if isinstance(value, Scalar) and value.null:
                value = self._null(key, value, behind)
            pairs.add(key, value, behind=behind)
        return pairs.table(self._mark(start.start_mark))

    def _key(self, event: Event, *, depth: int) -> Scalar:
        is_text = not isinstance(event, MappingStartEvent | SequenceStartEvent)
        key = self._node(event, depth=depth) if is_text else None
        if not isinstance(key, Scalar):
            remedy = "put a text that begins with {{, { or [ in quotes"
            self._stop(event, "a key must be a text", remedy)
        return key

    def _null(self, key: Scalar, value: Scalar, behind: str) -> Scalar:
        """Return a null that stands where its key does: the parser places it lines below."""
        comment = re.match(r"\W{0,2}:\s+(#\S+)", behind)
        if comment:
            self._faults.add(
                key.at,
                f"`{key.written}` is empty, since `{comment[1]}` is a comment",
                f'write "{comment[1]}" in quotes',
            )
        return replace(value, at=key.at, unresolved=comment is not None)

    def _scalar(self, event: Event, *, lost: bool) -> Scalar:
        assert isinstance(event, ScalarEvent)
        at = self._mark(event.start_mark)
        is_plain = event.style is None and event.tag is None
        if SURROGATE.search(event.value):
            self._stop(
                event, "half a character is not text", "write it without \\ud800 and kin"
            )
        if is_plain and QUOTED.fullmatch(event.value):
            # Not quoted: it may be a secret.
            problem = "typographic quotes stand around this, and YAML takes them for letters"
            self._faults.warn(at, problem, 'write straight quotes: "…"')
        text, unresolved = self._expanded(event.value, at)
        return Scalar(
            at=at,
            text=text,
            written=event.value,
            plain=is_plain,
            null=is_plain and event.value in NULLS,
            unresolved=unresolved or lost,
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
            self._faults.add(at, "`${` begins no name", reference_meant(name))
            return None
        try:
            value = self._lookup(name)
        except ConfigError as error:
            for fault in error.faults:
                self._faults.add(at, f"{fault.where}: {fault.problem}", fault.remedy)
            return None
        if value is None:
            report = self._faults.warn if self._lenient else self._faults.add
            report(at, f"`${{{name}}}` is not set", unset_meant(name))
            return None
        if SURROGATE.search(value):
            self._faults.add(at, f"what `${{{name}}}` stands for is not UTF-8")
            return None
        return value

    def _is_tagged(self, event: Event) -> bool:
        tag = getattr(event, "tag", None)
        if tag in (None, STRING_TAG):
            return False
        remedy = "remove it, or put a text that begins with ! in quotes"
        self._faults.add(self._mark(event.start_mark), f"the tag {tag} is not allowed", remedy)
        return True

    def _stop(self, event: Event, problem: str, remedy: str) -> NoReturn:
        self._faults.lose(self._mark(event.start_mark), problem, remedy)
        raise _UnreadableError

    def _mark(self, mark: StreamMark) -> Mark:
        return Mark(self._file, mark.line + 1, mark.column + 1)

    def _line(self, mark: Mark) -> str:
        return self._lines[mark.line - 1] if mark.line <= len(self._lines) else ""
