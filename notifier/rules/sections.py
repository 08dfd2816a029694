"""The sections of all files put together, each name once."""

from collections.abc import Iterable
from dataclasses import dataclass

from notifier.rules.nodes import Faults, Mark, Node, Scalar, Series, Table, is_null, meant

Entry = tuple[Scalar, Node]

NAMED = {
    "sources": "source",
    "agents": "agent",
    "windows": "window",
    "destinations": "destination",
}
SECTIONS = (*NAMED, "rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """What stands under each top-level key, in file order."""

    sources: tuple[Entry, ...]
    agents: tuple[Entry, ...]
    windows: tuple[Entry, ...]
    destinations: tuple[Entry, ...]
    rules: tuple[Node, ...]


def is_name(text: str) -> bool:
    """Say whether a text can name something in logs, tables and commands."""
    return text.isprintable() and bool(text.strip())


def merged(documents: Iterable[Node], faults: Faults) -> Sections:
    """Return the sections of all documents; a name that two of them define is a fault."""
    named: dict[str, list[Entry]] = {section: [] for section in NAMED}
    rules: list[Node] = []
    for section, value in _sections(documents, faults):
        if section.text == "rules":
            rules += _rules(section, value, faults)
        elif not isinstance(value, Table):
            what = NAMED[section.text]
            faults.lose(
                section.at, f"`{section.text}` is a mapping", f"write {what} names as keys"
            )
        else:
            named[section.text] += value.entries
    return Sections(
        **{section: _once(section, entries, faults) for section, entries in named.items()},
        rules=tuple(rules),
    )


def _sections(documents: Iterable[Node], faults: Faults) -> Iterable[Entry]:
    for document in documents:
        if not isinstance(document, Table):
            faults.lose(document.at, "a rules file is a mapping", f"of {', '.join(SECTIONS)}")
            continue
        empty: Scalar | None = None
        for section, value in document.entries:
            if section.text not in SECTIONS:
                faults.partial = True
                _report_unknown(section, value, empty, faults)
            elif is_null(value):
                empty = section
            else:
                yield section, value


def _report_unknown(section: Scalar, value: Node, empty: Scalar | None, faults: Faults) -> None:
    """Report a key that is no section: perhaps it belongs under the empty one above it."""
    if empty is None or is_null(value) or meant(section.text, SECTIONS):
        faults.unknown(section, "section", SECTIONS)
    else:
        remedy = f"indent it, should it belong under `{empty.text}:`"
        faults.add(section.at, f"`{section.written}` is not a section", remedy)


def _rules(section: Scalar, value: Node, faults: Faults) -> tuple[Node, ...]:
    if isinstance(value, Series):
        return value.entries
    faults.add(section.at, "`rules` is a list", "begin each rule with `- name:`")
    return ()


def _once(section: str, entries: Iterable[Entry], faults: Faults) -> tuple[Entry, ...]:
    first: dict[str, Mark] = {}
    kept: list[Entry] = []
    for name, value in entries:
        if not is_name(name.text):
            faults.add(name.at, f"the name of a {NAMED[section]} is one line of text")
        elif name.text in first:
            already = f"`{name.written}` is already a {NAMED[section]}"
            faults.add(name.at, already, f"see {first[name.text]}")
        else:
            first[name.text] = name.at
            kept.append((name, value))
    return tuple(kept)
