"""``check`` and ``schema``: the configuration, offline."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from notifier.cli.agents import unnamed
from notifier.cli.context import configuration, environment
from notifier.cli.output import counted, print_warnings
from notifier.configuration.destinations import kinds
from notifier.configuration.load import Configuration, load_ruleset
from notifier.configuration.rulefiles import read_rule_files
from notifier.errors import BusyError, Fault, StoreError
from notifier.rules.model import Ruleset
from notifier.rulesfile.schema import rules_schema
from notifier.store.agents import seen
from notifier.store.engine import opened_read_only
from notifier.store.opening import engine_at

app = typer.Typer()


@app.command()
def check(
    rules: Annotated[
        Path | None,
        typer.Option(help="Check these rules alone: needs no settings and no secrets."),
    ] = None,
) -> None:
    """Check settings and rules without any network; tell every fault at once."""
    if rules is None:
        loaded = configuration()
        print_warnings(_unnamed_agents(loaded))
        sources = ", ".join(one.source.name for one in loaded.sources)
        zone = loaded.settings.timezone.key
        typer.echo(f"{_summary(loaded.ruleset)}; sources: {sources}; times in {zone}")
        return
    ruleset = load_ruleset(read_rule_files(rules), environment())
    print_warnings(ruleset.warnings)
    typer.echo(_summary(ruleset))


def _unnamed_agents(loaded: Configuration) -> Iterator[Fault]:
    """Yield a warning where leads are with agents whom messages can only call by their ids."""
    engine = engine_at(loaded.settings.database)
    if engine.file is None or not engine.exists():
        return  # a server's would not be looked at offline
    # A database of another version, or one that is damaged, is `doctor`'s business.
    with suppress(StoreError, BusyError):
        with opened_read_only(engine) as session:
            nameless = unnamed(seen(session), loaded.ruleset.agents)
        if nameless:
            yield Fault(
                where="agents",
                problem=f"{counted(len(nameless), 'agent')} with leads "
                f"{'has' if len(nameless) == 1 else 'have'} no name",
                remedy="`notifier agents` shows them, and what to write",
            )


def _summary(ruleset: Ruleset) -> str:
    rules, destinations = len(ruleset.rules), len(ruleset.destinations)
    told = f"ok: {_count(rules, 'rule')}, {_count(destinations, 'destination')}"
    reports = len(ruleset.reports)
    return f"{told}, {_count(reports, 'report')}" if reports else told


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@app.command()
def schema() -> None:
    """Print the JSON Schema of the rules file, for editors."""
    schema = msgspec.json.encode(rules_schema(kinds()))
    typer.echo(msgspec.json.format(schema, indent=2).decode())
