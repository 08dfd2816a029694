"""``run``: the service itself."""

import asyncio
import os
import sys

import typer

from notifier.cli.context import logged_configuration, reread
from notifier.cli.live import Live
from notifier.clocks import Clocks
from notifier.configuration.load import Configuration
from notifier.monitoring.sdnotify import Systemd
from notifier.service.assembly import assembled
from notifier.service.signals import obey_signals

app = typer.Typer()


@app.command()
def run() -> None:
    """Poll and deliver until SIGTERM; SIGHUP reloads the rules.

    On a terminal it prints a line an alert in place of the log of them.
    """
    is_watched = sys.stdout.isatty()
    loaded = logged_configuration(is_watched=is_watched)
    asyncio.run(_run(loaded, Live(sys.stdout, loaded) if is_watched else None))


async def _run(loaded: Configuration, live: Live | None) -> None:
    async with assembled(
        loaded,
        clocks=Clocks(),
        out=sys.stdout,
        reread=reread,
        systemd=Systemd.of_environment(os.environ),
        observe=live.turned if live else None,
    ) as service:
        obey_signals(service)
        watching = asyncio.create_task(live.watching(service.shared)) if live else None
        try:
            await service.run()
        finally:
            if watching:
                watching.cancel()
