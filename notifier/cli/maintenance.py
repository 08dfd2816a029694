"""``backup`` and ``forget``: care for the database and for the people in it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from notifier.cli.consent import Yes, agree, is_asked
from notifier.cli.exits import Exit
from notifier.cli.opened import Opened, opened
from notifier.cli.output import counted
from notifier.messages.escape import one_line
from notifier.store import browse, forgotten
from notifier.store.browse import Wanted
from notifier.store.forgotten import Erased
from notifier.transactions import operator_acts
from notifier.transactions.operator_acts import COMMAND_LINE

app = typer.Typer()

OUT_OF_REACH = (
    "Out of reach: what Slack, mail and webhooks have received, and earlier backups "
    "of the database."
)
NOT_CLEAN = (
    "Freed parts of the file could not be overwritten: another process reads it, or the disk "
    "is full. Run the same command again."
)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.", dir_okay=False)],
) -> None:
    """Write a whole copy of the database while the service runs."""
    with _ending_tidily(), opened() as db:
        if refusal := db.engine.refusal(file):
            raise typer.BadParameter(refusal)
        db.engine.backup(db.session, file)
        size_bytes = file.stat().st_size
    typer.echo(f"{file} holds the whole database ({size_bytes / 1e6:.1f} MB)")


@contextmanager
def _ending_tidily() -> Iterator[None]:
    """Let SIGTERM (a timer's time-out) end the block like an error, so that it cleans up."""

    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@app.command()
def forget(
    lead_id: Annotated[str, typer.Argument(metavar="LEAD_ID", show_default=False)],
    *,
    yes: Yes = False,
) -> None:
    """Erase a person's data from the database, and never store it again.

    Counts stay, and a digest of the id: such rows are neither stored nor announced
    again. What waits to be sent to somebody is skipped. It cannot be undone.
    """
    with opened() as db:
        if is_asked(yes=yes) and forgotten.bots_that_know(db.session, lead_id):
            agree(_question(db, lead_id))
        with db.session.transaction():
            bots = forgotten.bots_that_know(db.session, lead_id)
            again = bool(forgotten.bots_that_forgot(db.session, lead_id))
            erased = [
                forgotten.erase(db.session, bot_id, lead_id, at_ms=db.now_ms) for bot_id in bots
            ]
            if erased:
                operator_acts.forgot(db.session, COMMAND_LINE, now_ms=db.now_ms)
        if not erased and not again:
            typer.echo(f"no lead {lead_id} is known; nothing was changed", err=True)
            raise typer.Exit(Exit.FAILED)
        # Also where nothing new was erased: the last time it may not have come to its end.
        is_clean = db.engine.leave_no_trace(db.session)
    typer.echo(f"{lead_id} {_told(erased)}. {OUT_OF_REACH}")
    if not is_clean:
        typer.echo(NOT_CLEAN, err=True)
        raise typer.Exit(Exit.TEMPORARY)


def _question(db: Opened, lead_id: str) -> str:
    """Ask with the name and how much is known, so that a mistyped id shows."""
    wanted = Wanted(lead=lead_id)
    names = {one_line(lead.name) for lead in browse.leads(db.session, wanted) if lead.name}
    events = counted(len(browse.event_bodies(db.session, wanted)), "event")
    named = f" ({', '.join(sorted(names))})" if names else ""
    return f"{lead_id}{named} has {events}. Erase it all, for good?"


def _told(erased: list[Erased]) -> str:
    if not erased:
        return "was forgotten before"
    events = sum(one.events for one in erased)
    deliveries = sum(one.deliveries for one in erased)
    unsent = sum(one.unsent for one in erased)
    return (
        f"is forgotten: {counted(events, 'event')} and"
        f" {counted(deliveries, 'delivery', 'deliveries')} emptied, {unsent} of them unsent"
    )
