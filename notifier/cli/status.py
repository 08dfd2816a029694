"""``status``: is it working, how far behind, what is stuck, and what to do about it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from notifier.cli.columns import print_table
from notifier.cli.exits import Exit
from notifier.cli.moments import short_iso, short_ms
from notifier.cli.opened import Opened, opened
from notifier.cli.output import print_json
from notifier.cli.shapes import destination_shape, order, overview_shape
from notifier.messages.escape import one_line
from notifier.messages.facts import duration
from notifier.monitoring.health import Trouble, troubles
from notifier.monitoring.sees_within import sentence
from notifier.store import registry
from notifier.store.engine import Engine
from notifier.store.health import (
    DestinationHealth,
    MuteTarget,
    Overview,
    SourceHealth,
    muted_until_ms,
    overview,
)
from notifier.store.leases import MemberHealth

app = typer.Typer()


@app.command()
def status(
    *,
    json: Annotated[bool, typer.Option("--json", help="One JSON object, exit code 0.")] = False,
) -> None:
    """Show on one screen what works, what waits, and what needs you (then exit code 1)."""
    with opened() as db:
        found = overview(db.session, now_ms=db.now_ms)
        if json:
            shape = overview_shape(found, at=db.at, interval_ms=db.interval_ms)
            print_json([shape])
            return
        judged = troubles(found, now_ms=db.now_ms, interval_ms=db.interval_ms)
        # Sorting keeps what is equally urgent in its order.
        wrong = sorted(judged, key=lambda one: not one.urgent)
        if not db.engine.is_running():
            wrong.insert(0, _not_running(db.engine))
            typer.echo(f"It does not run: {wrong[0].what}.\n")
        else:
            typer.echo(f"{_headline(found, wrong)}\n")
        _show(found, wrong, db)
    if any(one.urgent for one in wrong):
        raise typer.Exit(Exit.FAILED)


def _not_running(engine: Engine) -> Trouble:
    where = engine.file.absolute() if engine.file else engine.name
    return Trouble(
        what=f"no service runs on {where}: no lead is seen, and nothing is sent",
        remedy="start it (`notifier run`, `systemctl start notifier`), or is NOTIFIER_DATABASE"
        " not what the service has?",
    )


def _show(found: Overview, wrong: list[Trouble], db: Opened) -> None:
    print_table(
        ("source", "state", "last good poll", "leads", "pages", "order", "bad records"),
        (_source_row(one, db.at) for one in found.sources),
    )
    if said := sentence(found.sources, interval_ms=db.interval_ms):
        typer.echo(one_line(said))
    typer.echo()
    print_table(
        ("destination", "type", "state", "waiting", "dead", "reason"),
        (_destination_row(one, found, db) for one in found.destinations),
    )
    if found.members:
        typer.echo()
        print_table(
            ("member", "since", "sources", "lanes", "version", "rules"),
            (_member_row(one, db) for one in found.members),
        )
    typer.echo()
    for line in _lines(found, db):
        typer.echo(line)
    for kind, meaning in sorted(registry.meanings(db.session).items()):
        typer.echo(f"Delivered ({kind}) means: {meaning}.")
    _tell("What to do:", [one for one in wrong if one.urgent])
    _tell("Worth knowing:", [one for one in wrong if not one.urgent])


def _tell(heading: str, troubles: list[Trouble]) -> None:
    if troubles:
        typer.echo(f"\n{heading}")
    for one in troubles:
        typer.echo(f"- {one_line(one.what)}\n  {one_line(one.remedy)}")
        for line in one.details:
            typer.echo(f"    {one_line(line)}")


def _headline(found: Overview, wrong: list[Trouble]) -> str:
    urgent = sum(one.urgent for one in wrong)
    if urgent:
        return f"{urgent} {'thing needs' if urgent == 1 else 'things need'} you; see the end."
    waiting = [one.name for one in found.sources if one.last_success_ms is None]
    if waiting:
        return f"No good poll of {', '.join(waiting)} yet: `notifier doctor` looks why."
    return "It works; see the end." if wrong else "It works."


def _source_row(one: SourceHealth, at: datetime) -> tuple[object, ...]:
    polled = "never"
    if one.last_success_ms is not None:
        polled = f"{duration(at.timestamp() - one.last_success_ms / 1000)} ago"
    pages = sum(listing.pages for listing in one.listings)
    return one.name, one.state, polled, one.leads, pages, order(one), one.quarantined


def _destination_row(one: DestinationHealth, found: Overview, db: Opened) -> tuple[object, ...]:
    shape = destination_shape(one, found.mutes)
    reason = shape["reason"]
    if shape["state"] != one.state.health.value:
        until_ms = muted_until_ms(found.mutes, MuteTarget.DESTINATION)[one.name]
        reason = f"until {short_ms(until_ms, db.zone, at=db.at)}"
    kind = one.kind or "(removed)"
    return one.name, kind, shape["state"], one.pending, one.dead, reason


def _member_row(one: MemberHealth, db: Opened) -> tuple[object, ...]:
    since = short_ms(one.since_ms, db.zone, at=db.at)
    work = (", ".join(one.sources), ", ".join(one.lanes))
    return one.name, since, *work, one.version, one.rules


def _lines(found: Overview, db: Opened) -> Iterator[str]:
    zone, at = db.zone, db.at
    oldest = ""
    if found.next_due_ms is not None:
        late_s = at.timestamp() - found.next_due_ms / 1000
        first = f"due {duration(late_s)} ago" if late_s > 0 else f"due in {duration(-late_s)}"
        oldest = f", the first {first}"
    yield f"Queue: {found.pending} waiting{oldest}; {found.dead} dead. Timers: {found.timers}."
    for one in found.mutes:
        until = short_ms(one.until_ms, zone, at=at)
        yield f"Muted: {one.target} {one.name}, until {until}."
    loaded = short_iso(found.rules_loaded_at, zone, at=at)
    yield f"Rules in force since {loaded}." if loaded else "No rules were put in force yet."
