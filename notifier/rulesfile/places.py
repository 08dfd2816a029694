"""Everything rules refer to by name: sources, agents, windows and destinations."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from pydantic import ValidationError

from notifier.core.records import Agent, Source
from notifier.rules.destinations import DestinationOptions
from notifier.rules.model import DestinationSpec, SourceSpec
from notifier.rules.windows import Window
from notifier.rulesfile.nodes import Faults, Mark, Node, Scalar, Table, is_unresolved, plain
from notifier.rulesfile.options import AgentOptions, SourceOptions, WindowOptions
from notifier.rulesfile.secrets import warn_of_secrets
from notifier.rulesfile.sections import Entry, Sections
from notifier.rulesfile.validate import validated

Kinds = Mapping[str, type[DestinationOptions]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The four named sections, read; what had a fault is missing, its name is not.

    Names are in file order.
    """

    sources: tuple[SourceSpec, ...]
    agents: Mapping[str, Agent]
    windows: Mapping[str, Window]
    destinations: Mapping[str, DestinationSpec]
    window_names: Mapping[str, Scalar]
    destination_names: Mapping[str, Scalar]


def read_places(
    sections: Sections,
    *,
    kinds: Kinds,
    timezone: tzinfo,
    faults: Faults,
    lenient: bool = False,
) -> Places:
    """Return the named sections; ``kinds`` has the options' class of each destination type.

    With ``lenient`` a kind whose extra is not installed is a warning.
    """
    tell = faults.warn if lenient else faults.add
    _check_extras(sections.destinations, kinds, tell)
    return Places(
        sources=_sources(sections.sources, faults),
        agents=_agents(sections.agents, faults),
        windows=_windows(sections.windows, timezone, faults),
        destinations=_destinations(sections.destinations, kinds, faults),
        window_names=_names(sections.windows),
        destination_names=_names(sections.destinations),
    )


def _names(entries: Iterable[Entry]) -> dict[str, Scalar]:
    return {name.text: name for name, _ in entries}


def _sources(entries: Iterable[Entry], faults: Faults) -> tuple[SourceSpec, ...]:
    _check_bots(entries, faults)
    specs: list[SourceSpec] = []
    for name, node in entries:
        options = validated(SourceOptions, node, at=name.at, what="source", faults=faults)
        if options is None or not isinstance(node, Table):
            continue
        warn_of_secrets(SourceOptions, node, faults)
        source = Source(
            name=name.text,
            bot_id=options.bot_id,
            customer_id=options.customer_id,
            inbox_url=options.inbox_url,
        )
        specs.append(SourceSpec(source=source, token=options.token, types=options.types))
    return tuple(specs)


def _check_bots(entries: Iterable[Entry], faults: Faults) -> None:
    first: dict[str, Mark] = {}
    for _, node in entries:
        bot = node.get("bot_id") if isinstance(node, Table) else None
        if not isinstance(bot, Scalar) or bot.null or bot.unresolved:
            continue
        if bot.text in first:
            faults.add(
                bot.at, "`bot_id`: this bot is a source already", f"see {first[bot.text]}"
            )
        first.setdefault(bot.text, bot.at)


def _agents(entries: Iterable[Entry], faults: Faults) -> dict[str, Agent]:
    agents: dict[str, Agent] = {}
    for name, node in entries:
        options = validated(AgentOptions, node, at=name.at, what="agent", faults=faults)
        if options:
            agents[name.text] = Agent(
                id=name.text, name=options.name, slack=options.slack, email=options.email
            )
    return agents


def _windows(entries: Iterable[Entry], timezone: tzinfo, faults: Faults) -> dict[str, Window]:
    windows: dict[str, Window] = {}
    for name, node in entries:
        options = validated(WindowOptions, node, at=name.at, what="window", faults=faults)
        if options:
            windows[name.text] = Window(
                name=name.text,
                days=options.days,
                spans=options.hours,
                timezone=options.timezone or timezone,
            )
    return windows


def _destinations(
    entries: Iterable[Entry], kinds: Kinds, faults: Faults
) -> dict[str, DestinationSpec]:
    specs: dict[str, DestinationSpec] = {}
    first: dict[str, str] = {}
    for name, node in entries:
        spec = _destination(name, node, kinds, faults)
        if spec is None:
            continue
        specs[spec.name] = spec
        if key := spec.options.sole_key():
            if key in first:
                problem = f"`{name.written}`: {spec.traits.sole_because}"
                faults.add(name.at, problem, f"see {first[key]}")
            first.setdefault(key, spec.where)
    return specs


def _check_extras(
    entries: Iterable[Entry], kinds: Kinds, tell: Callable[[Mark, str, str], None]
) -> None:
    for _, node in entries:
        kind = node.get("type") if isinstance(node, Table) else None
        if not isinstance(kind, Scalar) or kind.text not in kinds:
            continue
        if not kinds[kind.text].is_installed():
            problem = f"`{kind.text}` needs an extra that is not installed"
            tell(kind.at, problem, f"pip install 'notifier[{kind.text}]'")


def _destination(
    name: Scalar, node: Node, kinds: Kinds, faults: Faults
) -> DestinationSpec | None:
    if not isinstance(node, Table):
        faults.add(name.at, f"`{name.written}` is a mapping", "as in {type: console}")
        return None
    kind = node.get("type")
    if not isinstance(kind, Scalar) or kind.null:
        stranger = next((key for key, _ in node.entries if key.text.casefold() == "type"), None)
        if stranger is not None:
            faults.add(stranger.at, f"`{stranger.written}` is not a key; did you mean `type`?")
        elif not node.torn:
            faults.add(name.at, f"`{name.written}`: `type` is missing", _choices(kinds))
        return None
    if kind.text not in kinds:
        if not kind.unresolved:
            faults.unknown(kind, "type of destination", kinds)
        return None
    warn_of_secrets(kinds[kind.text], node, faults)
    options = validated(
        kinds[kind.text], node, at=name.at, what=f"{kind.text} destination", faults=faults
    ) or _without_secrets(node)
    if options is None:
        return None
    return DestinationSpec(
        name=name.text,
        kind=kind.text,
        traits=kinds[kind.text],
        options=options,
        where=str(name.at),
    )


def _without_secrets(node: Table) -> DestinationOptions | None:
    """Return the shared options alone, for rules that are read without their secrets."""
    shared = DestinationOptions.model_fields
    values = {
        key.text: plain(value)
        for key, value in node.entries
        if key.text in shared and not is_unresolved(value)
    }
    try:
        return DestinationOptions.model_validate(values)
    except ValidationError:
        return None


def _choices(kinds: Kinds) -> str:
    return f"there is {', '.join(kinds)}"
