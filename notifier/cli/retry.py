"""``retry``: a fresh schedule for deliveries, by id or for all that are dead."""

from collections.abc import Sequence
from typing import Annotated

import typer

from notifier.cli import complete
from notifier.cli.choices import LARGEST, one_of
from notifier.cli.exits import Exit
from notifier.cli.opened import Opened, in_transaction
from notifier.cli.output import counted
from notifier.core.destination_state import Health
from notifier.store import deliveries, health, registry
from notifier.store.deliveries import Delivery
from notifier.transactions import operator_acts
from notifier.transactions.operator_acts import COMMAND_LINE

app = typer.Typer()

SHOWN = 5  # ids, where the act is remembered


@app.command()
def retry(
    ids: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="ID", help="As `notifier deliveries` shows them.", min=1, max=LARGEST
        ),
    ] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="All that are dead.")] = False,
    destination: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --dead: only to this destination.",
            autocompletion=complete.destinations,
        ),
    ] = None,
) -> None:
    """Send deliveries again, now, on a fresh schedule; event ids stay the same."""
    if bool(ids) == dead:
        raise typer.BadParameter("give ids of deliveries, or --dead")
    if destination is not None and not dead:
        raise typer.BadParameter("--destination goes with --dead")
    with in_transaction() as db:
        chosen = deliveries.by_id(db.session, ids) if ids else _dead(db, destination)
        refused = _missing(ids or (), chosen) | _refused(db, chosen)
        accepted = [one for one in chosen if one.id not in refused]
        due = [one.id for one in accepted]
        about = _about(due, destination, is_dead=dead)
        operator_acts.retry(db.session, due, COMMAND_LINE, about=about, now_ms=db.now_ms)
        disabled = _disabled(db, accepted)
    none = "no delivery is dead" if dead and not chosen else None
    typer.echo(none or f"{counted(len(accepted), 'delivery is', 'deliveries are')} due now")
    for number, why in sorted(refused.items()):
        typer.echo(f"delivery {number} {why}", err=True)
    for name in disabled:
        remedy = f"`notifier destinations enable {name}`"
        typer.echo(f"{name} is disabled: nothing goes out before {remedy}", err=True)
    if refused:
        raise typer.Exit(Exit.FAILED)


def _dead(db: Opened, destination: str | None) -> list[Delivery]:
    if destination is not None:
        names = [one.name for one in health.destinations(db.session, now_ms=db.now_ms)]
        destination = one_of(destination, names, "destination")
    return deliveries.dead(db.session, destination)


def _missing(ids: Sequence[int], chosen: Sequence[Delivery]) -> dict[int, str]:
    return dict.fromkeys(set(ids) - {one.id for one in chosen}, "does not exist")


def _refused(db: Opened, chosen: Sequence[Delivery]) -> dict[int, str]:
    in_force = registry.names(db.session).destinations
    return {one.id: why for one in chosen if (why := operator_acts.why_no_retry(one, in_force))}


def _about(ids: Sequence[int], destination: str | None, *, is_dead: bool) -> str:
    """Return in words which deliveries were meant."""
    if not is_dead:
        return f"delivery {', '.join(map(str, ids[:SHOWN]))}{' …' if len(ids) > SHOWN else ''}"
    return f"state dead, destination {destination}" if destination else "state dead"


def _disabled(db: Opened, accepted: Sequence[Delivery]) -> list[str]:
    wanted = {one.destination for one in accepted}
    return [
        one.name
        for one in health.destinations(db.session, now_ms=db.now_ms)
        if one.name in wanted and one.state.health is Health.DISABLED
    ]
