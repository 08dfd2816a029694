"""``replay``: today's rules over past events, for one destination."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Annotated

import typer

from notifier.cli.choices import duration_ms, one_of
from notifier.cli.opened import Opened, whole
from notifier.cli.output import counted
from notifier.cli.rules_on_disk import rules_on_disk
from notifier.conclude import Health, State
from notifier.events import decode
from notifier.ledger import gathered, new_delivery
from notifier.plan import Planned, told
from notifier.rules.model import Ruleset
from notifier.store import mutes, outbox, registry, replays
from notifier.store.destinations import standing
from notifier.store.forgotten import is_erased
from notifier.store.replays import Past

app = typer.Typer()


@app.command()
def replay(
    *,
    since: Annotated[str, typer.Option(metavar="2h", help="How far back.")],
    destination: Annotated[str, typer.Option(metavar="NAME", help="For whom.")],
) -> None:
    """Send what the rules on disk say today about past events; event ids stay the same.

    A consumer that drops repeats drops these. What waits for the destination
    already is left alone.
    """
    length_ms = duration_ms(since)
    rules = rules_on_disk()
    with whole() as desk:
        name = one_of(destination, rules.destinations.keys(), "destination on disk")
        if name not in registry.names(desk.db).destinations:
            raise typer.BadParameter(f"{name} is not in force: let `run` load the rules first")
        past = replays.past_events(desk.db, name, since_ms=desk.now_ms - length_ms)
        made = list(_made(past, name, rules, desk))
        health = standing(desk.db, name).health
    _tell(past, made, name, health)


def _made(
    past: Sequence[Past], destination: str, rules: Ruleset, desk: Opened
) -> Iterator[Planned]:
    """Write and yield the destination's deliveries; one poll's events stay together."""
    muted = mutes.active(desk.db, now_ms=desk.now_ms)
    wanted = ((one, decode(one.body)) for one in past if not one.waits)
    kept = ((one, event) for one, event in wanted if not is_erased(event))
    for _, group in groupby(kept, key=lambda pair: pair[0].poll):
        found = list(group)
        seqs = {event.id: one.seq for one, event in found}
        for one in told([event for _, event in found], rules, at=desk.at, mutes=muted):
            for planned in one.deliveries:
                if planned.destination != destination:
                    continue
                decided = gathered(desk.db, planned, rules)
                new = new_delivery(one, decided, seqs[one.event.id], desk.now_ms)
                outbox.add(desk.db, [new])
                yield decided


def _tell(
    past: Sequence[Past], made: Sequence[Planned], destination: str, health: Health
) -> None:
    states = Counter((one.state, one.reason) for one in made)
    events = counted(len(past), "past event")
    pending = counted(states[State.PENDING, None], "new delivery", "new deliveries")
    typer.echo(f"{events}: {pending} to {destination}")
    for (state, reason), count in states.items():
        if state is not State.PENDING:
            typer.echo(f"{count} {state.value}: {reason}", err=True)
    waiting = sum(one.waits for one in past)
    if waiting:
        typer.echo(f"{waiting} left alone: what they say waits already", err=True)
    for rule in sorted({one.rule for one in made if one.template_fault}):
        typer.echo(f"the template of rule {rule} failed; the built-in message goes", err=True)
    if health is not Health.UP:
        typer.echo(f"{destination} is {health.value}: `notifier status` says more", err=True)
