"""``destinations``: how they stand; ``enable`` and ``disable`` by hand."""

from typing import Annotated, TypeAlias

import typer

from notifier.cli import complete
from notifier.cli.choices import one_of
from notifier.cli.columns import print_table
from notifier.cli.opened import in_transaction, opened
from notifier.cli.output import print_json
from notifier.cli.shapes import destination_shape
from notifier.core.destination_state import Health
from notifier.store import health, registry
from notifier.transactions import operator_acts
from notifier.transactions.operator_acts import COMMAND_LINE

app = typer.Typer()
group = typer.Typer()
app.add_typer(group, name="destinations")

Name: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="NAME", show_default=False, autocompletion=complete.destinations),
]


@group.callback(invoke_without_command=True)
def destinations(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the destinations; enable or disable one."""
    if context.invoked_subcommand is not None:
        return
    with opened() as db:
        found = health.destinations(db.session, now_ms=db.now_ms)
        muted = health.active_mutes(db.session, now_ms=db.now_ms)
        shapes = [destination_shape(one, muted) for one in found]
        if json:
            print_json(shapes)
            return
        print_table(
            ("name", "type", "state", "reason", "waiting", "dead", "what to do"),
            (
                (*shape.values(), one.state.remedy)
                for shape, one in zip(shapes, found, strict=True)
            ),
        )


@group.command()
def enable(name: Name) -> None:
    """Let a disabled, parked or failing destination deliver again, at once."""
    with in_transaction() as db:
        name = one_of(name, registry.names(db.session).destinations, "destination")
        before = operator_acts.enable(db.session, name, COMMAND_LINE, now_ms=db.now_ms)
    was = "was up already" if before is Health.UP else f"was {before.value}"
    typer.echo(f"{name} is up; it {was}")


@group.command()
def disable(name: Name) -> None:
    """Send nothing more to a destination; what is for it waits until `enable`."""
    with in_transaction() as db:
        name = one_of(name, registry.names(db.session).destinations, "destination")
        operator_acts.disable(db.session, name, COMMAND_LINE, now_ms=db.now_ms)
    remedy = f"`notifier destinations enable {name}`"
    typer.echo(f"{name} is disabled; what is for it waits until {remedy}")
