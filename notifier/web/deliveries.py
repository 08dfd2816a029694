"""Deliveries: filtered, counted, and retried or skipped however many match."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aiohttp import web
from markupsafe import Markup

from notifier.core.event_types import EventType
from notifier.core.events import decode
from notifier.core.masking import is_telling
from notifier.core.outcome import State
from notifier.errors import DamagedError
from notifier.messages.facts import counted, who
from notifier.store import pages_deliveries
from notifier.store.deliveries import Delivery
from notifier.store.pages_deliveries import Chosen
from notifier.transactions import operator_acts
from notifier.transactions.operator_acts import Batch, Operator
from notifier.web import fields
from notifier.web.context import PageContext
from notifier.web.renderer import url
from notifier.web.visit import Visit

SHOWN = 50
FILTERS = ("state", "destination", "rule", "type", "error", "since")
RETRIED = (State.DEAD,)
SKIPPED = (State.PENDING, State.DEAD)
NOTHING = Chosen(id=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A delivery for the list; ``path`` leads to its lead."""

    shown: Delivery
    about: str
    path: Markup | None


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show the deliveries that match, how many there are, and what can be done to them."""
    given = {name: visit.query.get(name, "").strip() for name in FILTERS}
    chosen, fault = _chosen(visit.query, visit, now_ms=context.services.clocks.now_ms())
    before, after = fields.number(visit.query, "before"), fields.number(visit.query, "after")
    edge = {"before": before} if before else {"after": after} if after else {}
    found = await context.reader.read(pages_deliveries.page, chosen, limit=SHOWN + 1, **edge)
    counts = await context.reader.read(pages_deliveries.counts, chosen)
    newer, older, shown = _around(found, is_before=bool(before), is_after=bool(after))
    names = await context.cache.of(pages_deliveries.names)
    return context.page(
        "deliveries.html",
        visit,
        given=given,
        is_narrowed=any(given.values()),
        fault=fault,
        rows=[_row(one) for one in shown],
        counts=counts,
        total=sum(counts.values()),
        retried=sum(counts.get(one, 0) for one in _states(RETRIED, chosen)),
        skipped=sum(counts.get(one, 0) for one in _states(SKIPPED, chosen)),
        newer=url("deliveries", **given, after=_id(shown[0])) if newer and shown else None,
        older=url("deliveries", **given, before=_id(shown[-1])) if older and shown else None,
        choices=names | {"state": list(State), "type": list(EventType)},
        known=set(),
    )


async def retry(context: PageContext, visit: Visit) -> web.Response:
    """Retry all that match the filter of the form."""
    people = {
        name
        for name, one in context.services.rules().destinations.items()
        if one.traits.is_read_by_people
    }

    async def step(chosen: Chosen, before: Batch | None) -> Batch:
        return await context.services.store.run(
            operator_acts.retry_some,
            chosen,
            operator_of(visit),
            about=_about(visit.form),
            for_people=people,
            before=before,
            now_ms=context.services.clocks.now_ms(),
        )

    return await _all(context, visit, step, states=RETRIED, did="due again")


async def skip(context: PageContext, visit: Visit) -> web.Response:
    """Skip all that match the filter of the form."""

    async def step(chosen: Chosen, before: Batch | None) -> Batch:
        return await context.services.store.run(
            operator_acts.skip_some,
            chosen,
            operator_of(visit),
            about=_about(visit.form),
            before=before,
            now_ms=context.services.clocks.now_ms(),
        )

    return await _all(context, visit, step, states=SKIPPED, did="skipped")


def operator_of(visit: Visit) -> Operator:
    """Return whose hand a visit is: the page knows roles, not persons."""
    return Operator(who=visit.session.role.value, through="web")


async def _all(
    context: PageContext,
    visit: Visit,
    step: Callable[[Chosen, Batch | None], Awaitable[Batch]],
    *,
    states: Sequence[State],
    did: str,
) -> web.Response:
    """Do a step after the other, so that the database is free in between."""
    chosen, fault = _chosen(visit.form, visit, now_ms=context.services.clocks.now_ms())
    where = url("deliveries", **{name: visit.form.get(name, "") for name in FILTERS})
    if fault:
        return context.back(visit, where, fault)
    done = left_alone = 0
    for state in _states(states, chosen):
        batch = await step(replace(chosen, state=state), None)
        while batch.below is not None:
            batch = await step(replace(chosen, state=state), batch)
        done, left_alone = done + batch.done, left_alone + batch.left_alone
    context.services.changed()
    told = f"{counted(done, 'delivery is', 'deliveries are')} {did}."
    if left_alone:
        left = counted(left_alone, "was", "were")
        told += f" {left} left alone: in flight, or to where nothing can go."
    return context.back(visit, where, told)


def _states(usual: Sequence[State], chosen: Chosen) -> Sequence[str]:
    """Return the states that an act is about: the chosen one, else those it is meant for.

    Whoever retries all, whatever their state, means what failed, not what was muted.
    """
    if chosen.state is None:
        return [one.value for one in usual]
    is_over = chosen.state == State.DELIVERED or (
        chosen.state == State.SKIPPED and usual is SKIPPED
    )
    return [] if is_over else [chosen.state]


def _chosen(given: Mapping[str, str], visit: Visit, *, now_ms: int) -> tuple[Chosen, str]:
    """Return what is asked for, and what is wrong with it."""
    try:
        since_ms = fields.length_ms(given, "since")
    except ValueError as error:
        return NOTHING, str(error)
    narrowing = {name: fields.text(given, name) for name in FILTERS if name != "since"}
    if narrowing["state"] not in (None, *State):
        return NOTHING, "There is no such state."
    if not visit.is_operator and any(map(is_telling, filter(None, narrowing.values()))):
        return NOTHING, "Phone numbers and mail addresses cannot be searched for."
    if not visit.is_operator and narrowing["error"]:
        return NOTHING, "Errors may quote a visitor: only operators search them."
    chosen = Chosen(
        state=narrowing["state"],
        destination=narrowing["destination"],
        rule=narrowing["rule"],
        type=narrowing["type"],
        error=narrowing["error"],
        since_ms=None if since_ms is None else now_ms - since_ms,
    )
    return chosen, ""


def _around(
    found: Sequence[Delivery], *, is_before: bool, is_after: bool
) -> tuple[bool, bool, Sequence[Delivery]]:
    """Return whether there are newer and older ones, and those to show."""
    is_more = len(found) > SHOWN
    if is_after:
        return is_more, True, found[-SHOWN:]
    return is_before, is_more, found[:SHOWN]


def _row(one: Delivery) -> Row:
    if one.bot_id is None or one.lead is None:
        return Row(shown=one, about="", path=None)
    path = url("leads", one.bot_id, one.lead)
    try:
        lead = decode(one.event_body).lead
    except DamagedError:
        lead = None
    return Row(shown=one, about=who(lead) if lead else one.lead, path=path)


def _id(one: Delivery) -> int:
    return one.id


def _about(given: Mapping[str, str]) -> str:
    """Return the filter in words, as it is remembered of the act."""
    named = [f"{name} {given[name].strip()}" for name in FILTERS if given.get(name, "").strip()]
    return f"deliveries: {', '.join(named) or 'all'}"
