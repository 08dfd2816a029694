"""``check`` and ``schema``: the configuration, offline."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from notifier.building import kinds
from notifier.cli.context import configuration, environment
from notifier.cli.output import print_warnings
from notifier.configuration import load_ruleset
from notifier.rulefiles import read_rule_files
from notifier.rules.model import Ruleset
from notifier.rules.schema import rules_schema

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
        sources = ", ".join(one.source.name for one in loaded.sources)
        typer.echo(f"{_summary(loaded.ruleset)}; sources: {sources}")
        return
    ruleset = load_ruleset(read_rule_files(rules), environment())
    print_warnings(ruleset.warnings)
    typer.echo(_summary(ruleset))


def _summary(ruleset: Ruleset) -> str:
    rules, destinations = len(ruleset.rules), len(ruleset.destinations)
    return f"ok: {_count(rules, 'rule')}, {_count(destinations, 'destination')}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@app.command()
def schema() -> None:
    """Print the JSON Schema of the rules file, for editors."""
    typer.echo(orjson.dumps(rules_schema(kinds()), option=orjson.OPT_INDENT_2).decode())
