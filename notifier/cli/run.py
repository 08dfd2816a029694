"""``run`` and ``once``: the service itself."""

import asyncio
import os

import typer
from rich.console import Console

from notifier.cli.context import configuration, reread, start_logging
from notifier.cli.exits import Exit
from notifier.clocks import Clocks
from notifier.configuration import Configuration
from notifier.monitoring.sdnotify import Systemd
from notifier.service import assembled, obey_signals

app = typer.Typer()


@app.command()
def run() -> None:
    """Poll and deliver until SIGTERM; SIGHUP reloads the rules."""
    loaded = configuration()
    start_logging(loaded.settings)
    asyncio.run(_run(loaded))


@app.command()
def once() -> None:
    """Poll every source once, deliver what is due, and exit: 75 if something is left."""
    loaded = configuration()
    start_logging(loaded.settings)
    if not asyncio.run(_once(loaded)):
        raise typer.Exit(Exit.TEMPORARY)


async def _run(loaded: Configuration) -> None:
    async with assembled(
        loaded,
        clocks=Clocks(),
        console=Console(),
        reread=reread,
        systemd=Systemd.of_environment(os.environ),
    ) as service:
        obey_signals(service)
        await service.run()


async def _once(loaded: Configuration) -> bool:
    async with assembled(loaded, clocks=Clocks(), console=Console(), reread=reread) as service:
        return await service.once()
