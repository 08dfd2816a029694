"""The rules files → a :class:`Ruleset`, or every mistake in all of them at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, tzinfo
from functools import partial

from notifier.errors import ConfigError, Fault
from notifier.rules.model import Ruleset
from notifier.rulesfile.advice import advice
from notifier.rulesfile.document import Lookup, read_document
from notifier.rulesfile.nodes import Faults, Mark
from notifier.rulesfile.places import Kinds, read_places
from notifier.rulesfile.read_report import read_reports
from notifier.rulesfile.read_rule import read_rules
from notifier.rulesfile.references import References
from notifier.rulesfile.sections import Sections, merged


def load_rules(
    files: Sequence[tuple[str, str]],
    *,
    lookup: Lookup,
    kinds: Kinds,
    timezone: tzinfo = UTC,
    lenient_secrets: bool = False,
) -> Ruleset:
    """Return what the files (name and text of each) say, merged in name order.

    ``lookup`` gives the value of a ``${NAME}``; with ``lenient_secrets`` a
    missing one is a warning, and what is made of it is not checked; so is a kind whose
    extra is not installed. ``kinds`` are the destination types, ``timezone`` is for cron
    lines and windows that name none. Raises :class:`ConfigError` with every fault of every
    file; none quotes a looked-up value. Files without a single rule are a fault: an editor
    or a full disk left them empty, and nobody would be told of anything.
    """
    faults = Faults()
    read = partial(read_document, lookup=lookup, faults=faults, lenient=lenient_secrets)
    documents = [read(name, text) for name, text in sorted(files)]
    sections = merged((node for node in documents if node), faults)
    places = read_places(
        sections, kinds=kinds, timezone=timezone, faults=faults, lenient=lenient_secrets
    )
    references = References(places, faults)
    rules = read_rules(
        sections.rules, references, places=places, timezone=timezone, faults=faults
    )
    reports = read_reports(sections.reports, references, timezone=timezone, faults=faults)
    _raise_faults(faults, sections, [name for name, _ in files])
    ruleset = Ruleset(
        sources=places.sources,
        agents=places.agents,
        windows=places.windows,
        destinations=places.destinations,
        rules=rules,
        reports=reports,
    )
    return replace(ruleset, warnings=(*faults.warnings(), *advice(ruleset)))


def _raise_faults(faults: Faults, sections: Sections, names: Sequence[str]) -> None:
    if faults:
        raise ConfigError(faults.faults())
    if not sections.rules:
        raise ConfigError([_empty(names)])


def _empty(names: Sequence[str]) -> Fault:
    first, *others = sorted(names) or ["rules"]
    return Fault(
        where=str(Mark(first, 1, 1)),
        problem=" or in ".join(["no rule stands here", *others]),
        remedy="write one under `rules:`, or bring back the file as it was",
    )
