"""The sections of all files put together, each name once."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from notifier.rulesfile.nodes import Faults, Mark, Node, Scalar, Series, Table, is_null, meant

Entry = tuple[Scalar, Node]

NAMED = {
    "sources": "source",
    "agents": "agent",
    "windows": "window",
    "destinations": "destination",
}
LISTED = {"rules": "rule", "reports": "report"}
SECTIONS = (*NAMED, *LISTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """What stands under each top-level key, in file order."""

    sources: tuple[Entry, ...]
    agents: tuple[Entry, ...]
    windows: tuple[Entry, ...]
    destinations: tuple[Entry, ...]
    rules: tuple[Node, ...]
    reports: tuple[Node, ...]


def is_name(text: str) -> bool:
    """Say whether a text can name something in logs, tables and commands."""
    return text.isprintable() and bool(text.strip())


def merged(documents: Iterable[Node], faults: Faults) -> Sections:
    """Return the sections of all documents; a name that two of them define is a fault."""
    named: dict[str, list[Entry]] = {section: [] for section in NAMED}
    listed: dict[str, list[Node]] = {section: [] for section in LISTED}
    for section, value in _sections(documents, faults):
        if section.text in LISTED:
            listed[section.text] += _entries(section, value, faults)
        elif not isinstance(value, Table):
            keys = "agents' ids" if section.text == "agents" else f"{NAMED[section.text]} names"
            faults.lose(section.at, f"`{section.text}` is a mapping", f"write {keys} as keys")
        else:
            named[section.text] += value.entries
    once = {section: _once(section, entries, faults) for section, entries in named.items()}
    return Sections(
        sources=once["sources"],
        agents=once["agents"],
        windows=once["windows"],
        destinations=once["destinations"],
        rules=tuple(listed["rules"]),
        reports=tuple(listed["reports"]),
    )


def _sections(documents: Iterable[Node], faults: Faults) -> Iterable[Entry]:
    for document in documents:
        if not isinstance(document, Table):
            remedy = f"of {', '.join(SECTIONS)}"
            faults.lose(document.at, "a rules file is a mapping", remedy)
            continue
        yield from _known_sections(document, faults)


def _known_sections(document: Table, faults: Faults) -> Iterable[Entry]:
    found: list[Entry] = []
    slipped = False
    for section, value in document.entries:
        if section.text in SECTIONS:
            found.append((section, value))
            slipped = False
        elif not slipped:
            above = found[-1] if found and not meant(section.text, SECTIONS) else None
            slipped = above is not None and _may_hold(above[1])
            faults.partial = True
            _report_unknown(section, above if slipped else None, faults)
            if above and slipped:
                found[-1] = above[0], _torn(above[1])
    return [(section, value) for section, value in found if not is_null(value)]


def _may_hold(value: Node) -> bool:
    """Say whether what stands at the margin may belong to the section above it."""
    return is_null(value) or (isinstance(value, Series) and bool(value.entries))


def _torn(value: Node) -> Node:
    if not isinstance(value, Series) or not isinstance(last := value.entries[-1], Table):
        return value
    return replace(value, entries=(*value.entries[:-1], replace(last, torn=True)))


def _report_unknown(section: Scalar, above: Entry | None, faults: Faults) -> None:
    """Report a key that is no section, but may belong to the section above it."""
    if above is None:
        faults.unknown(section, "section", SECTIONS)
    else:
        remedy = f"indent it, should it belong under `{above[0].text}:`"
        faults.add(section.at, f"`{section.written}` is not a section", remedy)


def _entries(section: Scalar, value: Node, faults: Faults) -> tuple[Node, ...]:
    if isinstance(value, Series):
        return value.entries
    remedy = f"begin each {LISTED[section.text]} with `- name:`"
    faults.add(section.at, f"`{section.text}` is a list", remedy)
    return ()


def _once(section: str, entries: Iterable[Entry], faults: Faults) -> tuple[Entry, ...]:
    first: dict[str, Mark] = {}
    kept: list[Entry] = []
    for name, value in entries:
        if not is_name(name.text):
            faults.add(name.at, f"a name under `{section}` is one line of text")
        elif name.text in first:
            already = f"`{name.written}` is already a {NAMED[section]}"
            faults.add(name.at, already, f"see {first[name.text]}")
        else:
            first[name.text] = name.at
            kept.append((name, value))
    return tuple(kept)
