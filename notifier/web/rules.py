"""Rules: what each one does, how often it did, and trying those on disk."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from notifier.errors import ConfigError, DamagedError
from notifier.rules.durations import format_duration
from notifier.rules.model import Rule
from notifier.store import health, mutes, pages_leads, pages_rules, registry
from notifier.store.health import MuteTarget
from notifier.store.pages_rules import Fired
from notifier.transactions import operator_acts
from notifier.web import fields
from notifier.web.context import PageContext
from notifier.web.deliveries import operator_of
from notifier.web.renderer import url
from notifier.web.trial import EXAMPLE, Outcome, try_rules, written
from notifier.web.visit import Visit

SUGGESTED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule in force, with what it did."""

    rule: Rule
    when: str
    fired: Fired | None
    muted_until_ms: int | None


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show the rules; a lead that was picked stands in the form."""
    lead = await _picked(context, visit.query.get("lead", "")) if visit.is_operator else ""
    return await _shown(context, visit, lead=lead or written_example())


async def attempt(context: PageContext, visit: Visit) -> web.Response:
    """Try the rules on disk; nothing is sent and nothing changes."""
    lead, change = visit.form.get("lead", ""), visit.form.get("change", "")
    lead = await _picked(context, lead) or lead
    now_ms, at = context.services.clocks.now_ms(), context.services.clocks.now()
    faults: Sequence[str] = ()
    outcome = None
    try:
        rules = await context.services.rules_on_disk()
        muted = await context.reader.read(mutes.active, now_ms=now_ms)
        outcome = try_rules(lead, change, rules, at=at, mutes=muted)
    except ConfigError as error:
        faults = [str(one) for one in error.faults]
    except ValueError as error:
        faults = [str(error)]
    return await _shown(
        context, visit, lead=lead, change=change, outcome=outcome, faults=faults
    )


async def mute(context: PageContext, visit: Visit) -> web.Response:
    """Silence a rule for a while."""
    return await muted(context, visit, MuteTarget.RULE)


async def unmute(context: PageContext, visit: Visit) -> web.Response:
    """End a silence before its time."""
    return await unmuted(context, visit, MuteTarget.RULE)


async def muted(context: PageContext, visit: Visit, target: MuteTarget) -> web.Response:
    """Silence what the address names, for as long as the form says."""
    name, back = visit.named("name"), url(f"{target}s")
    in_force = await context.reader.read(registry.names)
    if name not in (in_force.rules if target is MuteTarget.RULE else in_force.destinations):
        raise web.HTTPNotFound
    try:
        length_ms = fields.length_ms(visit.form, "for")
    except ValueError as error:
        return context.back(visit, back, f"Nothing was muted: {error}.")
    if not length_ms:
        return context.back(visit, back, "Nothing was muted: say for how long, such as 2h.")
    now_ms = context.services.clocks.now_ms()
    until_ms, operator = now_ms + length_ms, operator_of(visit)
    run = context.services.store.run
    await run(operator_acts.mute, target, name, operator, until_ms=until_ms, now_ms=now_ms)
    told = f"{name} is muted; what waits already still goes out."
    return context.back(visit, back, told)


async def unmuted(context: PageContext, visit: Visit, target: MuteTarget) -> web.Response:
    """End the silence of what the address names."""
    name, now_ms, operator = (
        visit.named("name"),
        context.services.clocks.now_ms(),
        operator_of(visit),
    )
    ended = await context.services.store.run(
        operator_acts.unmute, target, name, operator, now_ms=now_ms
    )
    told = f"{name} is no longer muted." if ended else f"{name} was not muted."
    return context.back(visit, url(f"{target}s"), told)


def written_example() -> str:
    """Return a lead to begin with."""
    return "{\n" + ",\n".join(f'  "{name}": "{said}"' for name, said in EXAMPLE.items()) + "\n}"


async def _picked(context: PageContext, given: str) -> str:
    """Return the lead that ``bot/id`` names as JSON, nothing where there is none."""
    bot_id, _, lead_id = given.strip().partition("/")
    if not lead_id or given.strip().startswith("{"):
        return ""
    agents = context.services.rules().agents
    try:
        lead = await context.reader.read(pages_leads.lead, bot_id, lead_id, agents)
    except DamagedError:
        return ""
    return written(lead) if lead else ""


async def _shown(
    context: PageContext,
    visit: Visit,
    *,
    lead: str,
    change: str = "",
    outcome: Outcome | None = None,
    faults: Sequence[str] = (),
) -> web.Response:
    now_ms, rules = context.services.clocks.now_ms(), context.services.rules()
    overview = await context.reader.read(health.overview, now_ms=now_ms)
    fired = await context.cache.of(pages_rules.fired, now_ms=now_ms)
    muted_ms = health.muted_until_ms(overview.mutes, MuteTarget.RULE)
    return context.page(
        "rules.html",
        visit,
        rows=[_row(one, fired, muted_ms.get(one.name)) for one in rules.rules],
        refused=overview.rules_refused or "",
        loaded_at=overview.rules_loaded_at,
        lead=lead,
        change=change,
        outcome=outcome,
        faults=faults,
        picks=await _picks(context, visit),
    )


async def _picks(context: PageContext, visit: Visit) -> Sequence[tuple[str, str]]:
    """Return some leads to pick from: those that changed last."""
    if not visit.is_operator:
        return ()
    agents = context.services.rules().agents
    found = await context.reader.read(
        pages_leads.page, pages_leads.Wanted(), limit=SUGGESTED, agents=agents
    )
    return [
        (f"{one.edge.bot_id}/{one.edge.lead_id}", one.lead.name or one.lead.id)
        for one in found
        if one.lead
    ]


def _row(rule: Rule, fired: dict[str, Fired], muted_until_ms: int | None) -> Row:
    when = ", ".join(sorted(rule.when))
    if rule.for_ is not None:
        when = f"its condition holds for {format_duration(rule.for_)}"
    return Row(rule=rule, when=when, fired=fired.get(rule.name), muted_until_ms=muted_until_ms)
