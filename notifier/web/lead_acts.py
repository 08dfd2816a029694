"""What an operator does about a lead on its page: take, release, snooze."""

from datetime import timedelta, tzinfo

from aiohttp import web

from notifier.core.acts import (
    Act,
    AlreadySo,
    NothingToRelease,
    Release,
    Snooze,
    Take,
    TakenAlready,
)
from notifier.core.people import Person, Through
from notifier.messages.act_words import act_words
from notifier.messages.facts import moment
from notifier.transactions.acts import Actor, Done, Result, act
from notifier.transactions.leads import current_lead
from notifier.web import fields
from notifier.web.context import PageContext
from notifier.web.renderer import url
from notifier.web.visit import Visit


async def take(context: PageContext, visit: Visit) -> web.Response:
    """Be the one who is on it; the first wins."""
    return await _act(context, visit, Take())


async def release(context: PageContext, visit: Visit) -> web.Response:
    """Let nobody be on it any more."""
    return await _act(context, visit, Release())


async def snooze(context: PageContext, visit: Visit) -> web.Response:
    """Let no ``for`` rule tell of it for a while."""
    try:
        length_ms = fields.length_ms(visit.form, "for")
    except ValueError as error:
        return context.back(visit, _back(visit), f"Nothing was changed: {error}.")
    if not length_ms:
        words = "Nothing was changed: say how long, such as 1h."
        return context.back(visit, _back(visit), words)
    until = context.services.clocks.now() + timedelta(milliseconds=length_ms)
    return await _act(context, visit, Snooze(until))


async def _act(context: PageContext, visit: Visit, wanted: Act) -> web.Response:
    services, rules = context.services, context.services.rules()
    key = f"{visit.named('bot_id')}/{visit.named('lead_id')}"
    watched = services.watched()
    result = await services.store.run(
        act,
        key,
        wanted,
        Actor(by=_person(context, visit), through=Through.WEB),
        rules=rules,
        current_lead=lambda session, key: current_lead(session, key, watched, rules),
        at=services.clocks.now(),
    )
    if isinstance(result, Done):
        services.changed()
        services.refresh([key])
    return context.back(visit, _back(visit), _words(result, wanted, context.services.zone))


def _person(context: PageContext, visit: Visit) -> Person:
    """Return who acts: the agent chosen on the page, else whoever has the password."""
    agent = context.services.rules().agents.get(visit.form.get("agent", ""))
    if agent is None:
        return Person(name=visit.session.role.value)
    return Person(agent=agent.id, name=agent.name or agent.id, slack=agent.slack)


def _words(result: Result, wanted: Act, zone: tzinfo) -> str:
    match result:
        case Done(event=event, lead=lead) if told := event.data.act:
            return f"{lead.name or lead.id} {act_words(event, told)}."
        case TakenAlready(by=other):
            since = moment(other.at, zone)
            return f"Nothing was changed: {other.name} is on it since {since}."
        case AlreadySo() if isinstance(wanted, Snooze):
            return "Nothing was changed: it is snoozed until then already."
        case AlreadySo():
            return "Nothing was changed: it is yours already."
        case NothingToRelease():
            return "Nothing was changed: nobody is on it."
        case _:
            return "Nothing was changed: the lead is not known, or no source has it any more."


def _back(visit: Visit) -> str:
    return url("leads", visit.named("bot_id"), visit.named("lead_id"))
