"""``agents``: who has leads, who of them has no name, and their names from a sheet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from stat import S_IMODE
from typing import Annotated

import typer

from notifier.cli.agents_file import has_agents, quoted, with_agents
from notifier.cli.agents_sheet import read_sheet
from notifier.cli.columns import print_table
from notifier.cli.opened import lenient_settings, opened
from notifier.cli.output import counted, print_json
from notifier.cli.rules_on_disk import load_texts, rules_on_disk
from notifier.configuration.rulefiles import RuleFile, read_rule_files
from notifier.configuration.textfiles import read_text, reason, shown
from notifier.core.records import Agent
from notifier.errors import ConfigError, Fault
from notifier.files import write
from notifier.store import agents as store
from notifier.store.agents import SeenAgent

app = typer.Typer()

OWN_FILE = "agents.yaml"
NEW_MODE = 0o666  # less the umask's


@app.command()
def agents(
    *,
    import_file: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="FILE.csv",
            help="Write names into the rules file: a sheet with id,name,slack,email.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the agents who have leads, and who of them the rules file does not describe."""
    if import_file is not None:
        _import(import_file)
        return
    with opened() as db:
        seen = store.seen(db.session, damages=db.damages)
        _show(seen, json=json)


def _show(seen: Sequence[SeenAgent], *, json: bool) -> None:
    known = rules_on_disk().agents
    rows = [_row(one, known) for one in [*seen, *_idle(known, seen)]]
    if json:
        print_json(rows)
        return
    print_table(("id", "name", "slack", "email", "leads"), [[*row.values()] for row in rows])
    typer.echo("".join(_to_paste(seen, known)), nl=False)


def unnamed(seen: Iterable[SeenAgent], known: Mapping[str, Agent]) -> list[SeenAgent]:
    """Return the agents of whom neither the rules file nor the listing has a name."""
    return [one for one in seen if not (known.get(one.agent.id) or one.agent).name]


def _row(one: SeenAgent, known: Mapping[str, Agent]) -> dict[str, object]:
    agent = known.get(one.agent.id) or one.agent
    return {
        "id": agent.id,
        "name": agent.name,
        "slack": agent.slack,
        "email": agent.email,
        "leads": one.leads,
    }


def _idle(known: Mapping[str, Agent], seen: Iterable[SeenAgent]) -> Iterator[SeenAgent]:
    busy = {one.agent.id for one in seen}
    return (SeenAgent(agent=one, leads=0) for one in known.values() if one.id not in busy)


def _to_paste(seen: Sequence[SeenAgent], known: Mapping[str, Agent]) -> Iterator[str]:
    nameless = unnamed(seen, known)
    if not nameless:
        return
    yield f"\n{counted(len(nameless), 'agent')} without a name. For the rules file:\n\n"
    yield "agents:\n"
    for one in nameless:
        yield f"  {quoted(one.agent.id)}: {{name: , slack: , email: }}"
        yield f"   # {counted(one.leads, 'lead')}\n"


def _import(sheet: Path) -> None:
    found = read_sheet(shown(sheet), _text_of(sheet))
    settings = lenient_settings()
    files = read_rule_files(settings.rules)
    load_texts(files, settings.timezone)  # the places of its faults are the author's own
    name, before = _own_file(settings.rules, files)
    after = with_agents(name, before, found)
    # Nothing is written that would not load, or would say anything else of the rules.
    load_texts([*(one for one in files if one[0] != name), (name, after)], settings.timezone)
    if after == before:
        typer.echo(f"{name} says all of that already")
        return
    _replace(Path(name), after)
    typer.echo(f"{name} describes {counted(len(found), 'agent')}; a reload takes it up")


def _text_of(sheet: Path) -> str:
    try:
        return read_text(sheet)
    except FileNotFoundError:
        fault = Fault(where=shown(sheet), problem="there is no such file")
        raise ConfigError([fault]) from None


def _own_file(place: Path, files: Sequence[RuleFile]) -> RuleFile:
    """Return the file with the agents, else where they go: one of their own in a folder."""
    for one in files:
        if has_agents(one[1]):
            return one
    return (str(place / OWN_FILE), "") if place.is_dir() else files[0]


def _replace(path: Path, text: str) -> None:
    """Write a file anew, whole or not at all, with the mode it has; links stay links."""
    try:
        place = path.resolve()
        mode = S_IMODE(place.stat().st_mode) if place.exists() else None
        write(place, text, mode=NEW_MODE if mode is None else mode)
        if mode is not None:
            place.chmod(mode)  # what a umask took away
    except OSError as error:
        problem = f"cannot be written: {reason(error)}"
        remedy = "mend its mode or owner, or run this as the user who may"
        fault = Fault(where=shown(path), problem=problem, remedy=remedy)
        raise ConfigError([fault]) from None
