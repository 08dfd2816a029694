"""``once --dry-run``: the same round on a copy of the database, with nothing sent."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from notifier.cli.columns import print_table
from notifier.cli.context import reread
from notifier.cli.output import print_json
from notifier.clocks import Clocks
from notifier.configuration.load import Configuration
from notifier.core.events import decode
from notifier.core.outcome import State
from notifier.core.rows import iso_of_ms
from notifier.messages.builtin import builtin_text
from notifier.messages.facts import moment
from notifier.messages.text import Medium
from notifier.service.assembly import assembled
from notifier.store import deliveries, listings
from notifier.store.deliveries import Delivery
from notifier.store.opening import engine_at
from notifier.store.session import Session

COLUMNS = ("when", "to", "rule", "what")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a round would send; ``complete`` is false where a source failed.

    ``first_walks`` name the listings that were never walked before.
    """

    complete: bool
    previews: list[Delivery]
    first_walks: list[str]
    at: datetime


async def rehearse(config: Configuration, *, clocks: Clocks) -> Rehearsed:
    """Make the round that ``once`` would make, on a copy, up to the point of sending."""
    with TemporaryDirectory(prefix="notifier-dry-run-") as folder:
        path = Path(folder) / "notifier.db"
        engine_at(config.settings.database).copy(path)
        copied = replace(config, settings=config.settings.model_copy(update={"database": path}))
        async with assembled(copied, clocks=clocks, out=sys.stdout, reread=reread) as service:
            store = service.shared.store
            after, first_walks = await store.run(_before, copied)
            complete = await service.poll()
            at = clocks.now()
            found = await store.run(deliveries.previews, after=after, now_ms=clocks.now_ms())
    return Rehearsed(complete=complete, previews=found, first_walks=first_walks, at=at)


def _before(session: Session, config: Configuration) -> tuple[int, list[str]]:
    first_walks = [
        f"{one.source.name} ({listing_type})"
        for one in config.sources
        for listing_type in one.types
        if listings.without_baseline(session, one.source.bot_id, listing_type)
    ]
    return deliveries.newest(session), first_walks


def show(rehearsed: Rehearsed, *, zone: tzinfo, json: bool) -> None:
    """Print what would be sent; what is no delivery goes to stderr."""
    for listing in rehearsed.first_walks:
        typer.echo(
            f"{listing}: this would be the first walk; NOTIFIER_FIRST_RUN decides which of"
            " the leads it finds are new",
            err=True,
        )
    if json:
        print_json(map(_shape, rehearsed.previews))
    elif rehearsed.previews:
        rows = (_row(one, zone, rehearsed.at) for one in rehearsed.previews)
        print_table(COLUMNS, rows)
    else:
        typer.echo("nothing would be sent", err=True)


def _shape(one: Delivery) -> Mapping[str, object]:
    return {
        "event_id": one.event_id,
        "type": one.type,
        "lead": one.lead,
        "rule": one.rule,
        "destination": one.destination,
        "state": one.state,
        "reason": one.reason or one.held,
        "due_at": iso_of_ms(one.due_ms),
        "title": one.title,
        "body": one.body,
    }


def _row(one: Delivery, zone: tzinfo, at: datetime) -> tuple[str, ...]:
    title = one.title or builtin_text(decode(one.event_body), Medium.PLAIN).title
    return _when(one, zone, at), one.destination, one.rule, title


def _when(one: Delivery, zone: tzinfo, at: datetime) -> str:
    if one.state != State.PENDING:
        return f"never: {one.reason}"
    if one.due_ms <= at.timestamp() * 1000:
        return "now"
    due = moment(iso_of_ms(one.due_ms), zone)
    return f"{due} ({one.held})" if one.held else due
