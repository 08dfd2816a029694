"""``report``: how fast leads were answered."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Concatenate, ParamSpec, TypeVar

import typer

from notifier.cli.choices import duration_ms, one_of
from notifier.cli.columns import print_table
from notifier.cli.opened import Opened, opened
from notifier.cli.output import print_csv, print_json_line, print_warnings
from notifier.cli.rules_on_disk import load_texts, rules_on_disk
from notifier.configuration.rulefiles import read_rule_files
from notifier.configuration.settings import Settings
from notifier.configuration.sources import known_sources
from notifier.errors import ConfigError
from notifier.measuring import measure_report
from notifier.reports import sheet, words
from notifier.reports.asked import Asked
from notifier.reports.model import Report, encode
from notifier.rules.model import Ruleset
from notifier.rules.reports import By
from notifier.store import responses
from notifier.store.session import Session

app = typer.Typer()

P = ParamSpec("P")
T = TypeVar("T")

IN_A_TABLE = 10
"""How many of those still waiting, and of the groups, a table names."""


@app.command()
def report(
    *,
    since: Annotated[
        str, typer.Option(metavar="7d", help="Leads created no longer ago than this.")
    ] = "7d",
    goal: Annotated[
        str, typer.Option(metavar="5m", help="Count the share answered within this time.")
    ] = "5m",
    by: Annotated[
        str, typer.Option(metavar="WHAT", help=f"Group by {', '.join(By)}.")
    ] = By.AGENT.value,
    clock: Annotated[
        str | None,
        typer.Option(
            metavar="WINDOW", help="Count only the hours of this window of the rules."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
) -> None:
    """Tell how fast leads were answered: first owner, first reply by a person, taken, closed.

    Beside the period before; and who still waits, the oldest first.
    """
    since_ms, goal_ms = _positive_ms(since, "--since"), _positive_ms(goal, "--goal")
    grouped = By(one_of(by, [one.value for one in By], "group"))
    with opened() as db:
        rules = rules_on_disk() if clock else _rules_if_right(db.settings)
        asked = Asked(
            since=timedelta(milliseconds=since_ms),
            until_ms=db.now_ms,
            now_ms=db.now_ms,
            goal_ms=goal_ms,
            by=grouped,
            clock=rules.windows[one_of(clock, rules.windows, "window")] if clock else None,
            zone=db.zone,
            agents={key: one.name for key, one in rules.agents.items() if one.name},
            sources=responses.source_names(db.session),
        )
        _print(asyncio.run(_measured(db, asked, rules)), json=json, csv=csv)


def _positive_ms(text: str, option: str) -> int:
    found = duration_ms(text)
    if not found:
        raise typer.BadParameter(f"{option} must be longer than nothing")
    return found


def _rules_if_right(settings: Settings) -> Ruleset:
    """Return the rules; where they do not load, agents go by their ids and leads lack links."""
    try:
        return load_texts(read_rule_files(settings.rules), settings.timezone)
    except ConfigError as error:
        print_warnings(error.faults)
        return Ruleset()


async def _measured(db: Opened, asked: Asked, rules: Ruleset) -> Report:
    async def read(
        function: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return function(db.session, *args, **kwargs)

    settings = db.settings
    return await measure_report(
        read,
        asked,
        watched=known_sources(settings, rules),
        agents=rules.agents,
        kept_ms=db.now_ms - int(settings.retention.total_seconds() * 1000),
    )


def _print(found: Report, *, json: bool, csv: bool) -> None:
    if json:
        print_json_line(encode(found))
    elif csv:
        print_csv(sheet.rows(found), sheet.COLUMNS)
    else:
        _show(found)


def _show(found: Report) -> None:
    typer.echo(f"{words.title(found)}\n{words.span(found)}, goal {words.goal(found)}\n")
    _show_measures(found)
    _show_groups(found)
    _show_waiting(found)
    for sentence in (*words.counts(found), *words.notes(found)):
        typer.echo(f"- {sentence}")


def _show_measures(found: Report) -> None:
    rows = []
    for label, now, before in words.each(found):
        rows.append((label, *words.measure_row(now)))
        rows.append(("– before", *words.measure_row(before)))
    print_table(("time to", "leads", "median", "90 %", "in goal"), rows, unbroken=5)


def _show_groups(found: Report) -> None:
    if not found.groups:
        return
    typer.echo(f"\n{words.GROUPED[found.by]}")
    shown = found.groups if found.by is By.HOUR else found.groups[:IN_A_TABLE]
    columns = ("name", "leads", "waiting", "replied", "median", "90 %", "in goal")
    print_table(columns, map(words.group_row, shown), unbroken=0)
    if len(found.groups) > len(shown):
        typer.echo(f"and {len(found.groups) - len(shown)} more: --csv has all")


def _show_waiting(found: Report) -> None:
    if found.still_waiting:
        typer.echo(f"\nStill waiting: {found.still_waiting}, the oldest first")
        shown = found.waiting[:IN_A_TABLE]
        columns = ("waits", "lead", "name", "status", "owner", "link")
        print_table(columns, map(words.waiting_row, shown), unbroken=2)
    typer.echo()
