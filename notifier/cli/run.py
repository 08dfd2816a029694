"""``run``: the service itself."""

import asyncio
import os
import sys

import typer

from notifier.cli import lean  # noqa: F401 - first of all
from notifier.cli.context import logged_configuration, reread
from notifier.clocks import Clocks
from notifier.configuration import Configuration
from notifier.monitoring.sdnotify import Systemd
from notifier.service import assembled, obey_signals

app = typer.Typer()


@app.command()
def run() -> None:
    """Poll and deliver until SIGTERM; SIGHUP reloads the rules."""
    loaded = logged_configuration()
    asyncio.run(_run(loaded))


async def _run(loaded: Configuration) -> None:
    async with assembled(
        loaded,
        clocks=Clocks(),
        out=sys.stdout,
        reread=reread,
        systemd=Systemd.of_environment(os.environ),
    ) as service:
        obey_signals(service)
        await service.run()
