"""``mute`` and ``unmute``: silence a rule or a destination for a while."""

from collections.abc import Collection, Mapping
from typing import Annotated

import typer

from notifier.cli import complete
from notifier.cli.choices import duration_ms, unknown
from notifier.cli.exits import Exit
from notifier.cli.moments import short_ms
from notifier.cli.opened import in_transaction
from notifier.store import health, registry
from notifier.store.health import MuteTarget
from notifier.transactions import operator_acts
from notifier.transactions.operator_acts import COMMAND_LINE

app = typer.Typer()

Muted = Annotated[
    str,
    typer.Argument(
        metavar="RULE-or-DESTINATION",
        show_default=False,
        autocompletion=complete.rules_and_destinations,
    ),
]


@app.command()
def mute(
    name: Muted,
    *,
    duration: Annotated[str, typer.Option("--for", metavar="2h", help="How long.")],
) -> None:
    """Silence a rule or destination: what matches meanwhile is skipped, not kept."""
    length_ms = duration_ms(duration)
    if not length_ms:
        raise typer.BadParameter("a mute lasts longer than nothing; `unmute` ends one")
    with in_transaction() as db:
        known = registry.names(db.session)
        found = _found(
            name,
            {
                MuteTarget.RULE: known.rules,
                MuteTarget.DESTINATION: known.destinations,
            },
        )
        if found is None:
            in_force = (*known.rules, *known.destinations)
            raise typer.BadParameter(unknown(name, in_force, "rule or destination"))
        until_ms = db.now_ms + length_ms
        now_ms = db.now_ms
        operator_acts.mute(db.session, *found, COMMAND_LINE, until_ms=until_ms, now_ms=now_ms)
    until = short_ms(until_ms, db.zone, at=db.at)
    typer.echo(f"{' '.join(found)} is muted until {until}; what waits already still goes out")


@app.command()
def unmute(name: Muted) -> None:
    """End a mute before its time."""
    with in_transaction() as db:
        active = health.active_mutes(db.session, now_ms=db.now_ms)
        found = _found(
            name, {target: health.muted_until_ms(active, target) for target in MuteTarget}
        )
        if found is not None:
            operator_acts.unmute(db.session, *found, COMMAND_LINE, now_ms=db.now_ms)
    if found is None:
        muted = ", ".join(f"{one.target} {one.name}" for one in active)
        typer.echo(f"`{name}` is not muted; muted now: {muted or 'nothing'}", err=True)
        raise typer.Exit(Exit.FAILED)
    typer.echo(f"{' '.join(found)} is no longer muted")


def _found(
    name: str, names: Mapping[MuteTarget, Collection[str]]
) -> tuple[MuteTarget, str] | None:
    """Return whether the name is a rule's or a destination's; both is wrong usage."""
    targets = [target for target in MuteTarget if name in names[target]]
    if len(targets) > 1:
        ways = " or ".join(f"`{target}:{name}`" for target in targets)
        raise typer.BadParameter(f"`{name}` is a rule and a destination; write {ways}")
    if targets:
        return targets[0], name
    for target in MuteTarget:
        rest = name.removeprefix(f"{target}:")
        if rest != name and rest in names[target]:
            return target, rest
    return None
