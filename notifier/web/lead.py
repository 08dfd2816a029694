"""One lead: its card, and a timeline of all that happened, was told, and is to come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from notifier.core.events import Event, decode
from notifier.core.records import Lead, inbox_link
from notifier.core.rows import instant, ms_of
from notifier.errors import DamagedError
from notifier.messages.escape import safe_link
from notifier.messages.facts import Fact, details, who
from notifier.rules.model import Ruleset
from notifier.store import pages_lead, pages_leads
from notifier.store.acts import Act
from notifier.store.pages_lead import Sending, Story
from notifier.web.context import PageContext
from notifier.web.visit import Visit
from notifier.web.why import Reason, ladder_progress, others, reasons
from notifier.web.words import UNREADABLE, event_words

SECRET_FACTS = ("Phone", "Email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One entry of the timeline: an event with what became of it, or an act.

    ``through`` is the door, where a person did it.
    """

    at_ms: int
    what: str
    type: str = ""
    sendings: Sequence[Sending] = ()
    others: Sequence[Reason] = ()
    act: Act | None = None
    through: str = ""


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show the lead of this bot and id."""
    bot_id, lead_id = visit.named("bot_id"), visit.named("lead_id")
    rules = context.services.rules()
    lead, is_damaged = None, False
    try:
        lead = await context.reader.read(pages_leads.lead, bot_id, lead_id, rules.agents)
    except DamagedError:
        is_damaged = True
    story = await context.reader.read(pages_lead.story, bot_id, lead_id)
    if lead is None and not story.events and not is_damaged:
        raise web.HTTPNotFound
    events = {seq: _decoded(one.body) for seq, one in story.events}
    heard = [one for one in events.values() if one]
    running = {one.rule: one for one in story.timers}
    return context.page(
        "lead.html",
        visit,
        bot_id=bot_id,
        lead_id=lead_id,
        lead=lead,
        name=who(lead) if lead else lead_id,
        is_damaged=is_damaged,
        facts=_facts(lead, visit) if lead else [],
        created_ms=_ms(instant(lead.created_at)) if lead else None,
        chat=_chat(lead, rules) if lead else None,
        agents=sorted(rules.agents.values(), key=lambda one: one.name or one.id),
        state=story.state,
        taken_ms=_ms(instant(story.state.taken.at)) if story.state.taken else None,
        snoozed_ms=_later(story.state.snoozed_until, now_ms=context.services.clocks.now_ms()),
        timers=sorted(story.timers, key=lambda one: one.due_ms),
        moments=_moments(story, events, rules),
        has_more=story.has_more,
        ladder_progress=ladder_progress(rules, story.ladders),
        reasons=reasons(rules, lead, heard, running),
        known=_known(lead, heard),
    )


def _facts(lead: Lead, visit: Visit) -> list[Fact]:
    """Return what is known of a lead; what a viewer may not see is not handed on."""
    found = details(lead)
    if visit.is_operator:
        return found
    return [
        Fact(label=one.label, value="•••" if one.label in SECRET_FACTS else one.value)
        for one in found
    ]


def _chat(lead: Lead, rules: Ruleset) -> str | None:
    """Return the link to the chat, where the lead's source has one."""
    source = next((s.source for s in rules.sources if s.source.bot_id == lead.bot_id), None)
    if source is None:
        return None
    return safe_link(inbox_link(source, chat_id=lead.id, uuid=lead.uuid))


def _known(lead: Lead | None, events: Sequence[Event]) -> set[str]:
    """Return every number and address that the lead has or had."""
    leads = [lead, *(one.lead for one in events)]
    return {said for one in leads if one for said in (one.email, one.phone) if said}


def _moments(story: Story, events: Mapping[int, Event | None], rules: Ruleset) -> list[Moment]:
    sendings: dict[int, list[Sending]] = defaultdict(list)
    for sending in story.sendings:
        sendings[sending.event_seq].append(sending)
    told = {
        one.observed_ms
        for seq, one in story.events
        if (event := events[seq]) and event.data.act
    }
    found = [
        Moment(at_ms=act.at_ms, what=act.act, act=act, through=act.through)
        for act in story.acts
        if act.at_ms not in told  # else its event says the same
    ]
    for seq, one in story.events:
        event = events[seq]
        found.append(
            Moment(
                at_ms=one.observed_ms,
                what=event_words(event, rules.agents) if event else UNREADABLE,
                type=event.type.value if event else "",
                sendings=sendings[seq],
                others=others(rules, event) if event else (),
                through=event.data.act.through if event and event.data.act else "",
            )
        )
    return sorted(found, key=lambda one: -one.at_ms)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else ms_of(moment)


def _later(moment: datetime | None, *, now_ms: int) -> int | None:
    """Return a moment that is still to come."""
    at_ms = _ms(moment)
    return at_ms if at_ms and at_ms > now_ms else None


def _decoded(body: bytes) -> Event | None:
    try:
        return decode(body)
    except DamagedError:
        return None
