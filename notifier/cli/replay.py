"""``replay``: today's rules over past events, for one destination."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Annotated

import typer

from notifier.cli import complete
from notifier.cli.choices import duration_ms, one_of
from notifier.cli.columns import print_table
from notifier.cli.consent import Yes, agree, is_asked
from notifier.cli.moments import short
from notifier.cli.opened import Opened, in_transaction
from notifier.cli.output import counted
from notifier.cli.rules_on_disk import rules_on_disk
from notifier.cli.tables import event_words
from notifier.core.destination_state import Health
from notifier.core.events import Event, decode
from notifier.core.outcome import State
from notifier.plan import Planned, plan_deliveries
from notifier.rules.model import Ruleset
from notifier.store import destinations, mutes, outbox, registry, replays
from notifier.store.forgotten import is_erased
from notifier.store.replays import Past
from notifier.store.savepoints import rolled_back
from notifier.transactions import operator_acts
from notifier.transactions.operator_acts import COMMAND_LINE
from notifier.transactions.write_events import join_digest, new_delivery

app = typer.Typer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The past events, and what was made of them for a destination in this health."""

    past: Sequence[Past]
    made: Sequence[tuple[Event, Planned]]
    destination: str
    health: Health
    at: datetime
    zone: tzinfo

    @property
    def count(self) -> int:
        """How many will go out."""
        return sum(one.state is State.PENDING for _, one in self.made)

    @property
    def pending(self) -> str:
        """Return in words how much will go out."""
        new = counted(self.count, "new delivery", "new deliveries")
        return f"{new} to {self.destination}"


@app.command()
def replay(
    *,
    since: Annotated[str, typer.Option(metavar="2h", help="How far back.")],
    destination: Annotated[
        str,
        typer.Option(metavar="NAME", help="To which.", autocompletion=complete.destinations),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be sent; change nothing.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Send what the rules on disk say today about past events; event ids stay the same.

    A consumer that drops repeats drops these. What waits for the destination
    already is left alone.
    """
    length_ms, rules = duration_ms(since), rules_on_disk()
    if dry_run:
        rehearsed = _replayed(destination, rules, length_ms, keep=False)
        print_table(("when", "rule", "what"), _rows(rehearsed))
        _tell(rehearsed, "would be made")
        return
    if is_asked(yes=yes):
        agree(f"Send {_replayed(destination, rules, length_ms, keep=False).pending}?")
    _tell(_replayed(destination, rules, length_ms, keep=True))


def _replayed(destination: str, rules: Ruleset, length_ms: int, *, keep: bool) -> Replayed:
    """Write the destination's deliveries; unless they are to be kept, take them back."""
    with in_transaction() as db:
        name = one_of(destination, rules.destinations.keys(), "destination on disk")
        if name not in registry.names(db.session).destinations:
            raise typer.BadParameter(f"{name} is not in force: let `run` load the rules first")
        with nullcontext() if keep else rolled_back(db.session):
            written = _written(name, rules, length_ms, db)
            if written.count:
                operator_acts.replayed(
                    *(db.session, name, COMMAND_LINE), count=written.count, now_ms=db.now_ms
                )
            return written


def _written(name: str, rules: Ruleset, length_ms: int, db: Opened) -> Replayed:
    past = replays.past_events(db.session, name, since_ms=db.now_ms - length_ms)
    return Replayed(
        past=past,
        made=list(_made(past, name, rules, db)),
        destination=name,
        health=destinations.state(db.session, name).health,
        at=db.at,
        zone=db.zone,
    )


def _made(
    past: Sequence[Past], destination: str, rules: Ruleset, db: Opened
) -> Iterator[tuple[Event, Planned]]:
    """Write and yield the destination's deliveries; one poll's events stay together."""
    muted = mutes.active(db.session, now_ms=db.now_ms)
    wanted = ((one, decode(one.body)) for one in past if not one.waits)
    kept = ((one, event) for one, event in wanted if not is_erased(event))
    for _, group in groupby(kept, key=lambda pair: pair[0].poll):
        found = list(group)
        seqs = {event.id: one.seq for one, event in found}
        for one in plan_deliveries([event for _, event in found], rules, at=db.at, mutes=muted):
            for planned in one.deliveries:
                if planned.destination != destination:
                    continue
                decided = join_digest(db.session, planned, rules)
                new = new_delivery(one, decided, seqs[one.event.id], db.now_ms)
                outbox.add(db.session, [new])
                yield one.event, decided


def _rows(replayed: Replayed) -> Iterator[tuple[str, str, str]]:
    for event, planned in replayed.made:
        title = planned.text.title if planned.text else event_words(event)
        yield _when(planned, replayed), planned.rule, title


def _when(planned: Planned, replayed: Replayed) -> str:
    if planned.state is not State.PENDING:
        return f"never: {planned.reason}"
    if planned.due <= replayed.at:
        return "now"
    return short(planned.due, replayed.zone, at=replayed.at)


def _tell(replayed: Replayed, would: str = "") -> None:
    events = counted(len(replayed.past), "past event")
    typer.echo(" ".join(filter(None, (f"{events}: {replayed.pending}", would))))
    planned = [one for _, one in replayed.made]
    for (state, reason), count in Counter((one.state, one.reason) for one in planned).items():
        if state is not State.PENDING:
            typer.echo(f"{count} {state.value}: {reason}", err=True)
    waiting = sum(one.waits for one in replayed.past)
    if waiting:
        left = counted(waiting, "is left alone: it waits", "are left alone: they wait")
        typer.echo(f"{left} already", err=True)
    for rule in sorted({one.rule for one in planned if one.template_fault}):
        typer.echo(f"the template of rule {rule} failed; the built-in message goes", err=True)
    name, health = replayed.destination, replayed.health
    if health is not Health.UP:
        typer.echo(f"{name} is {health.value}: `notifier status` says more", err=True)
