"""Agents' names into a rules file, without touching a word that stands there already."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node

from notifier.cli.agents_sheet import FIELDS
from notifier.core.records import Agent
from notifier.errors import ConfigError, Fault

INDENT = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Insertion:
    at: int  # characters from the start of the text
    text: str


def has_agents(text: str) -> bool:
    """Return whether a rules file has a section of agents."""
    return _section(text) is not None


def with_agents(name: str, text: str, agents: Iterable[Agent]) -> str:
    """Return a rules file that describes these agents, too.

    What it says of an agent already stays: only what is missing is added. ``name`` is
    the file's. Raises :class:`ConfigError` where the section is written in one line,
    between braces.
    """
    section = _section(text)
    if section is None:
        entries = "".join(_entry(one, INDENT) for one in agents)
        begun = text if not text or text.endswith("\n") else text + "\n"
        return f"{begun}\nagents:\n{entries}" if begun else f"agents:\n{entries}"
    if section.value == "":  # `agents:` with nothing below
        entries = "".join(_entry(one, INDENT) for one in agents)
        at = section.start_mark.index
        return f"{text[:at]}\n{entries}{text[at:].lstrip(' ')}"
    if not isinstance(section, MappingNode) or section.flow_style or not section.value:
        remedy = "write one agent a line below `agents:`"
        where, problem = f"{name}:{section.start_mark.line + 1}", "`agents` is in one line"
        raise ConfigError([Fault(where=where, problem=problem, remedy=remedy)])
    # From the end on; of several at one place the last goes first.
    found = list(_insertions(section, agents))[::-1]
    for one in sorted(found, key=lambda one: -one.at):
        text = text[: one.at] + one.text + text[one.at :]
    return text


def _section(text: str) -> Node | None:
    document = YAML(pure=True).compose(StringIO(text))
    if not isinstance(document, MappingNode):
        return None
    found = [value for key, value in document.value if key.value == "agents"]
    return found[0] if found else None


def _insertions(section: MappingNode, agents: Iterable[Agent]) -> Iterator[_Insertion]:
    described = {key.value: value for key, value in section.value}
    first = section.value[0][0].start_mark
    indent = " " * first.column
    for agent in agents:
        if agent.id not in described:
            at = first.index - first.column
            yield _Insertion(at=at, text=_entry(agent, indent))
        else:
            yield from _completed(agent, described[agent.id])


def _completed(agent: Agent, entry: Node) -> Iterator[_Insertion]:
    """Yield what an entry of the file lacks of an agent."""
    if not isinstance(entry, MappingNode):
        return  # `id:` with nothing behind it, or no entry at all: `check` tells of it
    there = {key.value: value for key, value in entry.value}
    lacking = {name: value for name, value in _fields(agent).items() if name not in there}
    if not lacking:
        return
    start = entry.start_mark
    if entry.flow_style:
        told = ", ".join(f"{name}: {value}" for name, value in lacking.items())
        yield _Insertion(at=start.index + 1, text=told + (", " if entry.value else ""))
    else:
        lines = [f"{name}: {value}\n{' ' * start.column}" for name, value in lacking.items()]
        yield _Insertion(at=start.index, text="".join(lines))


def _entry(agent: Agent, indent: str) -> str:
    told = ", ".join(f"{name}: {value}" for name, value in _fields(agent).items())
    return f"{indent}{quoted(agent.id)}: {{{told}}}\n"


def quoted(text: str) -> str:
    """Return a text as it may stand in YAML, whatever is in it."""
    # What looks like ${NAME} is meant as it stands.
    return json.dumps(text.replace("${", "$${"), ensure_ascii=False)


def _fields(agent: Agent) -> dict[str, str]:
    """Return what is known of an agent, as YAML."""
    known = {name: getattr(agent, name) for name in FIELDS}
    return {name: quoted(value) for name, value in known.items() if value}
