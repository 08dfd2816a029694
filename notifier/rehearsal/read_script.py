"""The text of a ``*.test.yaml`` → its scripts, with every mistake in it reported."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from notifier.core.event_types import EventType
from notifier.core.records import Source
from notifier.core.rows import iso_ms
from notifier.rehearsal import options
from notifier.rehearsal.read_act import read_act
from notifier.rehearsal.row import Fields
from notifier.rehearsal.script import NEVER_CHANGE, Expected, Happening, Script, Step, filled
from notifier.rules.destinations import Options
from notifier.rules.model import Ruleset
from notifier.rulesfile.nodes import Faults, Mark, Node, Scalar, Series, Table, is_null
from notifier.rulesfile.validate import validated

M = TypeVar("M", bound=Options)

USUAL_START = datetime(2026, 3, 2, 10, tzinfo=UTC)  # a Monday
FOLDED = ("attributes", "last_message")
DEFAULT_SOURCE = Source(
    name="default", bot_id="638d99eeee9e558f1247ae03", customer_id="5fed38e56fb193dcc6c933f5"
)


def read_scripts(
    document: Node, *, rules: Callable[[Sequence[str]], Ruleset | None], faults: Faults
) -> tuple[Script, ...]:
    """Return the tests of a file, in its order; what is wrong is in ``faults``.

    ``rules`` gives the ruleset of the named rules files, of all where none is
    named; ``None`` where those have faults themselves.
    """
    at = document.at
    found = validated(options.TestFile, document, at=at, what="test file", faults=faults)
    if found is None or not isinstance(document, Table):
        return ()
    ruleset = rules(found.rules)
    reader = _Reader(ruleset or Ruleset(), faults, knows_rules=ruleset is not None)
    return tuple(
        script
        for node in _entries(document.get("tests"), at, "tests", faults)
        if (script := reader.script(node))
    )


def _entries(node: Node | None, at: Mark, key: str, faults: Faults) -> tuple[Node, ...]:
    if isinstance(node, Series):
        return node.entries
    faults.add(node.at if node else at, f"`{key}` is a list", "begin each entry with `- `")
    return ()


class _Reader:
    def __init__(self, ruleset: Ruleset, faults: Faults, *, knows_rules: bool) -> None:
        self._ruleset = ruleset
        self._faults = faults
        self._knows_rules = knows_rules

    def script(self, node: Node) -> Script | None:
        found = self._valid(options.Test, node, "test")
        if not isinstance(node, Table):
            return None
        at = (found and found.at) or USUAL_START
        lead = self._fields(node.get("lead"), "lead")
        if lead is not None or node.key("lead") is None:
            lead = filled(lead or {}, source=self._source(lead or {}), at=iso_ms(at))
        steps = _entries(node.get("steps"), node.at, "steps", self._faults)
        lead_is_there = node.key("lead") is None or not is_null(node.get("lead"))
        acts = [self._step(step, has_lead=lead_is_there) for step in steps]
        if found is None:
            return None
        return Script(
            name=found.name,
            where=str(node.at),
            rules=self._ruleset,
            at=at,
            lead=lead,
            steps=tuple(step for step in acts if step),
        )

    def _step(self, node: Node, *, has_lead: bool) -> Step | None:
        found = self._valid(options.Step, node, "step")
        if not isinstance(node, Table):
            return None
        change = self._fields(node.get("change"), "change")
        if (key := node.key("change")) and not has_lead:
            self._faults.add(key.at, "`change`: there is no lead in this test")
        act = read_act(node.get("act"), self._ruleset, self._faults)
        if (key := node.key("act")) and not has_lead:
            self._faults.add(key.at, "`act`: there is no lead in this test")
        event = self._happening(node.get("event"))
        expect = node.key("expect")
        expected = tuple(self._expectations(node.get("expect"), expect.at)) if expect else None
        if found is None:
            return None
        return Step(
            where=str(node.at),
            after=found.after,
            change=change,
            act=act,
            event=event,
            expect=expected,
        )

    def _fields(self, node: Node | None, what: str) -> Fields | None:
        """Return the lead's fields that are given, ``None`` where none can be."""
        if is_null(node) or node is None:
            return None
        table = folded(node) if isinstance(node, Table) else node
        found = self._valid(options.Lead, table, what)
        if not isinstance(table, Table):
            return None
        for key, value in table.entries:
            if what == "change" and key.text in NEVER_CHANGE:
                self._faults.add(key.at, f"`{key.written}` of a lead never changes")
            if key.text == "source" and isinstance(value, Scalar):
                self._check_source(value)
        return found.model_dump(exclude_unset=True) if found else None

    def _happening(self, node: Node | None) -> Happening | None:
        if node is None:
            return None
        found = self._valid(options.Happening, node, "event")
        if found is None or not isinstance(node, Table):
            return None
        about = node.get("about")
        is_source = found.type in (EventType.SOURCE_DOWN, EventType.SOURCE_UP)
        if isinstance(about, Scalar):
            if is_source:
                self._check_source(about)
            else:
                self._check(about, "destination", self._ruleset.destinations)
        return Happening(type=found.type, about=found.about, reason=found.reason)

    def _expectations(self, node: Node | None, at: Mark) -> Iterator[Expected]:
        if is_null(node):
            self._faults.add(at, "`expect` is empty", "write [] where nothing is to be sent")
            return
        for entry in _entries(node, at, "expect", self._faults):
            found = self._valid(options.Expected, entry, "expectation")
            if not isinstance(entry, Table):
                continue
            names = [rule.name for rule in self._ruleset.rules]
            for scalar in _scalars(entry.get("rule")):
                self._check(scalar, "rule", names)
            for scalar in _scalars(entry.get("to")):
                self._check(scalar, "destination", self._ruleset.destinations)
            if found is None:
                continue
            rule = self._ruleset.rule(found.rule)
            for name in found.to or (rule.send if rule else ()):
                yield Expected(rule=found.rule, to=name, says=found.says)

    def _source(self, lead: Fields) -> Source:
        """Return the source a lead is said to be from, else the first."""
        sources = [spec.source for spec in self._ruleset.sources]
        named = (source for source in sources if source.name == lead.get("source"))
        return next(named, sources[0] if sources else DEFAULT_SOURCE)

    def _check_source(self, name: Scalar) -> None:
        if self._ruleset.sources:
            self._check(name, "source", [spec.source.name for spec in self._ruleset.sources])

    def _check(self, name: Scalar, what: str, known: Iterable[str]) -> None:
        if self._knows_rules and name.text not in (names := list(known)):
            self._faults.unknown(name, what, names)

    def _valid(self, model: type[M], node: Node, what: str) -> M | None:
        return validated(model, node, at=node.at, what=what, faults=self._faults)


def folded(table: Table) -> Table:
    """Return ``attributes.Budget: 5`` and kin as ``attributes: {Budget: 5}``."""
    entries: dict[str, tuple[Scalar, Node]] = {}
    for key, value in table.entries:
        outer, dot, inner = key.text.partition(".")
        if not dot or outer not in FOLDED:
            entries[key.text] = key, value
            continue
        name = replace(key, text=inner, written=inner)
        first, rest = entries.get(outer, (replace(key, text=outer, written=outer), None))
        so_far = rest.entries if isinstance(rest, Table) else ()
        entries[outer] = first, Table(at=key.at, entries=(*so_far, (name, value)))
    return Table(at=table.at, entries=tuple(entries.values()))


def _scalars(node: Node | None) -> tuple[Scalar, ...]:
    entries = node.entries if isinstance(node, Series) else (node,)
    return tuple(entry for entry in entries if isinstance(entry, Scalar))
