"""Destinations: how each stands, what waits for it and why, and what can be done."""

from dataclasses import dataclass

from aiohttp import web

from notifier.store import health, pages_destinations, registry
from notifier.store.health import DestinationHealth, MuteTarget
from notifier.store.pages_destinations import Pace
from notifier.transactions import operator_acts
from notifier.web.context import PageContext
from notifier.web.deliveries import operator_of
from notifier.web.renderer import url
from notifier.web.rules import muted, unmuted
from notifier.web.visit import Visit

BACK = url("destinations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A destination with how it does; ``is_known`` where the rules still name it."""

    health: DestinationHealth
    pace: Pace | None
    muted_until_ms: int | None
    is_known: bool


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show every destination."""
    now_ms = context.services.clocks.now_ms()
    found = await context.reader.read(health.destinations, now_ms=now_ms)
    mutes = await context.reader.read(health.active_mutes, now_ms=now_ms)
    until_ms = health.muted_until_ms(mutes, MuteTarget.DESTINATION)
    paces = await context.cache.of(pages_destinations.paces)
    rows = [
        Row(
            health=one,
            pace=paces.get(one.name),
            muted_until_ms=until_ms.get(one.name),
            is_known=one.kind is not None,
        )
        for one in found
    ]
    return context.page("destinations.html", visit, rows=rows)


async def enable(context: PageContext, visit: Visit) -> web.Response:
    """Let it deliver again, at once."""
    name = await _named(context, visit)
    now_ms = context.services.clocks.now_ms()
    before = await context.services.store.run(
        operator_acts.enable, name, operator_of(visit), now_ms=now_ms
    )
    context.services.changed()
    where = "/" if visit.form.get("from") == "now" else BACK
    return context.back(visit, where, f"{name} is up; it was {before.value}.")


async def disable(context: PageContext, visit: Visit) -> web.Response:
    """Send nothing more to it until it is enabled."""
    name = await _named(context, visit)
    now_ms = context.services.clocks.now_ms()
    await context.services.store.run(
        operator_acts.disable, name, operator_of(visit), now_ms=now_ms
    )
    context.services.changed()
    return context.back(visit, BACK, f"{name} is disabled; what is for it waits.")


async def sample(context: PageContext, visit: Visit) -> web.Response:
    """Send a sample through the real destination."""
    name = await _named(context, visit)
    if name not in context.services.rules().destinations:
        raise web.HTTPNotFound
    return context.back(visit, BACK, await context.services.sample(name))


async def mute(context: PageContext, visit: Visit) -> web.Response:
    """Silence it for a while."""
    return await muted(context, visit, MuteTarget.DESTINATION)


async def unmute(context: PageContext, visit: Visit) -> web.Response:
    """End a silence before its time."""
    return await unmuted(context, visit, MuteTarget.DESTINATION)


async def _named(context: PageContext, visit: Visit) -> str:
    name = visit.named("name")
    if name not in (await context.reader.read(registry.names)).destinations:
        raise web.HTTPNotFound
    return name
