"""``send``: a sample message through the real destination."""

import asyncio
import time
from typing import Annotated

import typer

from notifier.cli import complete
from notifier.cli.choices import one_of
from notifier.cli.context import configuration
from notifier.cli.exits import Exit
from notifier.configuration.destinations import options_of
from notifier.errors import DeliveryError
from notifier.service.sampling import send_sample

app = typer.Typer()


@app.command()
def send(
    destination: Annotated[
        str,
        typer.Argument(
            help="Its name in the rules file.", autocompletion=complete.destinations
        ),
    ],
) -> None:
    """Send a sample lead to one destination, exactly as a real one would go."""
    config = configuration()
    name = one_of(destination, config.ruleset.destinations, "destination")
    begun_s = time.monotonic()
    try:
        receipt = asyncio.run(send_sample(config, name))
    except DeliveryError as error:
        typer.echo(f"{name} did not take it: {error.in_full}", err=True)
        if error.remedy:
            typer.echo(f"what to do: {error.remedy}", err=True)
        raise typer.Exit(Exit.FAILED) from None
    whom = options_of(config.ruleset.destinations[name]).reaches()
    note = f"; {receipt.note}" if receipt.note else ""
    took_s = time.monotonic() - begun_s
    typer.echo(f"{name} ({whom}) took a sample lead in {took_s:.1f} s{note}")
