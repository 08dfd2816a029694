"""``version``."""

import typer

from notifier import __version__

app = typer.Typer()


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"notifier {__version__}")
