"""``take``, ``release`` and ``snooze``: a person does something about a lead."""

from datetime import timedelta
from typing import Annotated, NoReturn

import typer

from notifier.cli import complete
from notifier.cli.choices import duration_ms
from notifier.cli.exits import Exit
from notifier.cli.moments import short, short_iso
from notifier.cli.opened import Opened, in_transaction
from notifier.cli.rules_on_disk import rules_on_disk
from notifier.configuration.sources import known_sources
from notifier.core.acts import (
    Act,
    AlreadySo,
    LeadState,
    NothingToRelease,
    Release,
    Snooze,
    Take,
    TakenAlready,
)
from notifier.core.people import Person, Through
from notifier.core.records import Lead, Source
from notifier.messages.act_words import act_words
from notifier.messages.escape import one_line
from notifier.messages.facts import who
from notifier.rules.model import Ruleset
from notifier.store import forgotten, sources
from notifier.store.session import Session
from notifier.transactions.acts import Actor, Done, Result, act
from notifier.transactions.leads import current_lead

app = typer.Typer()

COMMAND_LINE = Person(name="command line")

OnLead = Annotated[
    str, typer.Argument(metavar="LEAD", show_default=False, autocompletion=complete.leads)
]
By = Annotated[
    str | None,
    typer.Option(
        "--as", metavar="AGENT", help="The id of the agent who acts.", show_default=False
    ),
]


@app.command()
def take(lead: OnLead, *, agent: By = None) -> None:
    """Be the one who is on a lead: the first wins, and rules stop to call for somebody."""
    _act(lead, Take(), agent)


@app.command()
def release(lead: OnLead, *, agent: By = None) -> None:
    """Let nobody be on a lead any more, whoever took it."""
    _act(lead, Release(), agent)


@app.command()
def snooze(
    lead: OnLead,
    *,
    duration: Annotated[str, typer.Option("--for", metavar="1h", help="How long.")],
    agent: By = None,
) -> None:
    """Let no rule with `for` tell of a lead for a while; what still holds is told then."""
    length_ms = duration_ms(duration)
    if not length_ms:
        raise typer.BadParameter("a snooze lasts longer than nothing")
    _act(lead, timedelta(milliseconds=length_ms), agent)


def _act(lead: str, wanted: Act | timedelta, agent: str | None) -> None:
    """Do it in one transaction, and say what came of it; a ``timedelta`` is a snooze's."""
    rules = rules_on_disk()
    by = _person(agent, rules)
    with in_transaction() as db:
        if isinstance(wanted, timedelta):
            wanted = Snooze(db.at + wanted)
        key = _key(lead, db)
        watched = _watched(key, rules, db)

        def now(session: Session, key: str) -> Lead | None:
            return current_lead(session, key, watched, rules)

        found = now(db.session, key)
        actor = Actor(by=by, through=Through.CLI)
        result = act(db.session, key, wanted, actor, rules=rules, current_lead=now, at=db.at)
    _tell(who(found) if found else one_line(lead), result, wanted, db)


def _tell(name: str, result: Result, wanted: Act, db: Opened) -> None:
    """Say what came of it; where it did not happen, why, and fail."""
    match result:
        case Done(event=event) if told := event.data.act:
            typer.echo(f"{name} {one_line(act_words(event, told))}")
        case AlreadySo(state=state):
            typer.echo(f"{name} {_already(state, wanted, db)}")
        case TakenAlready(by=other):
            since = short_iso(other.at, db.zone, at=db.at)
            taken = f"is taken by {one_line(other.name)} since {since}"
            _fail(f"{name} {taken}; `notifier release` frees it")
        case NothingToRelease():
            _fail(f"nobody is on {name}: there is nothing to release")
        case _:
            _fail(f"no lead {name} is known; `notifier leads` lists them")


def _already(state: LeadState, wanted: Act, db: Opened) -> str:
    if isinstance(wanted, Snooze) and state.snoozed_until:
        return f"is snoozed already, until {short(state.snoozed_until, db.zone, at=db.at)}"
    assert state.taken is not None
    since = short_iso(state.taken.at, db.zone, at=db.at)
    return f"is taken by {one_line(state.taken.name)} already, since {since}"


def _fail(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(Exit.FAILED)


def _key(lead: str, db: Opened) -> str:
    """Return the lane key of a lead: by its id, or by bot and id where two bots have one."""
    if "/" in lead:
        return lead
    bots = forgotten.bots_that_know(db.session, lead)
    if len(bots) > 1:
        ways = " or ".join(f"`{bot_id}/{lead}`" for bot_id in bots)
        raise typer.BadParameter(f"several bots have a lead `{lead}`; write {ways}")
    return f"{bots[0] if bots else ''}/{lead}"


def _watched(key: str, rules: Ruleset, db: Opened) -> dict[str, Source]:
    """Return the lead's source by its bot's id, even one that is not configured here."""
    bot_id = key.partition("/")[0]
    known = known_sources(db.settings, rules).get(bot_id)
    name = sources.name(db.session, bot_id) or bot_id
    return {bot_id: known or Source(name=name, bot_id=bot_id, customer_id="")}


def _person(agent: str | None, rules: Ruleset) -> Person:
    """Return who acts: by an agent's id, or by a name that one alone has."""
    if agent is None:
        return COMMAND_LINE
    if not agent.strip():
        raise typer.BadParameter("`--as` wants an agent's id")
    found = rules.agents.get(agent)
    named = [one for one in rules.agents.values() if one.name == agent]
    if found is None and len(named) == 1:
        found = named[0]
    if found is None:
        typer.echo(f"no agent `{agent}` stands under `agents:`; the id is shown", err=True)
        return Person(agent=agent, name=agent)
    return Person(agent=found.id, name=found.name or found.id, slack=found.slack)
