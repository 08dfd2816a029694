"""``move``: from the SQLite file to a PostgreSQL server, whole or not at all."""

from contextlib import closing
from typing import Annotated

import typer
from pydantic import SecretStr

from notifier.cli.opened import DATABASE, lenient_settings
from notifier.clocks import Clocks
from notifier.errors import StoreError
from notifier.store.addresses import is_server, server_address
from notifier.store.engine import Engine
from notifier.store.opening import engine_at, open_existing, server_at
from notifier.store.totals import totals

app = typer.Typer()


@app.command()
def move(
    *,
    to: Annotated[
        str,
        typer.Option(
            metavar="URL", help="An empty database: postgresql://…", show_default=False
        ),
    ],
) -> None:
    """Copy the SQLite database into an empty PostgreSQL one, whole or not at all.

    Events and deliveries keep their ids, and what waits to be sent waits there. Stop the
    service first. The file stays as it is.
    """
    source, target = engine_at(lenient_settings().database), server_at(_url(to))
    if source.file is None:
        raise StoreError(f"{source.name} is a server's already: only a file is moved")
    with source.lock(), closing(open_existing(source)) as session, source.translated():
        _refuse_damage(source)
        with session.transaction():
            target.fill(session, host_ms=Clocks().monotonic_ms())
            found = totals(session)
    typer.echo(
        f"{target.name} now holds what {source.name} holds: {found.leads} leads, "
        f"{found.events} events. Set {DATABASE} to the URL and start the service; the file is "
        "not read any more, and can go once all is well"
    )


def _url(text: str) -> SecretStr:
    url = SecretStr(text)
    if not is_server(text):
        raise typer.BadParameter("it is no postgresql:// URL", param_hint="--to")
    try:
        server_address(url)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--to") from None
    return url


def _refuse_damage(source: Engine) -> None:
    """Raise StoreError for a file that is not sound: half of it would be moved."""
    if damage := source.check():
        raise StoreError(source.damaged(damage))
