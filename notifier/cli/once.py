"""``once``: one round of the service."""

import asyncio
import sys
from typing import Annotated

import typer

from notifier.cli.context import logged_configuration, reread
from notifier.cli.dry_run import rehearse, show
from notifier.cli.exits import Exit
from notifier.clocks import Clocks
from notifier.configuration.load import Configuration
from notifier.service.assembly import assembled

app = typer.Typer()


@app.command()
def once(
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent; change nothing.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With --dry-run: one JSON object a line.")
    ] = False,
) -> None:
    """Poll every source once, deliver what is due, and exit: 75 if something is left."""
    if json and not dry_run:
        raise typer.BadParameter("--json goes with --dry-run")
    loaded = logged_configuration()
    done = asyncio.run(_rehearsed(loaded, json=json) if dry_run else _once(loaded))
    if not done:
        raise typer.Exit(Exit.TEMPORARY)


async def _once(loaded: Configuration) -> bool:
    async with assembled(
        loaded, clocks=Clocks(), out=sys.stdout, reread=reread, for_one_round=True
    ) as service:
        return await service.once()


async def _rehearsed(loaded: Configuration, *, json: bool) -> bool:
    rehearsed = await rehearse(loaded, clocks=Clocks())
    show(rehearsed, zone=loaded.settings.timezone, json=json)
    return rehearsed.complete
