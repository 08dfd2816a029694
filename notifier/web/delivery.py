"""One delivery: each attempt and what the receiver answered, and the message as sent."""

import msgspec
from aiohttp import web

from notifier.core.events import decode
from notifier.core.outcome import State
from notifier.errors import DamagedError
from notifier.store import attempts, pages_deliveries
from notifier.store.pages_deliveries import Chosen, Sent
from notifier.transactions import operator_acts
from notifier.web import fields
from notifier.web.context import PageContext
from notifier.web.deliveries import operator_of
from notifier.web.renderer import url
from notifier.web.visit import Visit
from notifier.web.words import UNREADABLE, event_words


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show the delivery of this id; its message is for operators."""
    delivery_id = _id(visit)
    found = await context.reader.read(pages_deliveries.page, Chosen(id=delivery_id), limit=1)
    if not found:
        raise web.HTTPNotFound
    shown = found[0]
    it = shown
    sent = await context.reader.read(pages_deliveries.sent, it.id)
    try:
        event = decode(shown.event_body)
    except DamagedError:
        event = None
    lead = event.lead if event else None
    return context.page(
        "delivery.html",
        visit,
        it=it,
        shown=shown,
        what=event_words(event, context.services.rules().agents) if event else UNREADABLE,
        path=url("leads", shown.bot_id, it.lead) if shown.bot_id and it.lead else None,
        tries=await context.reader.read(attempts.of_delivery, it.id),
        message=_message(sent) if sent and visit.is_operator else None,
        may_retry=it.state != State.DELIVERED and it.lead != "" and not shown.in_flight,
        may_skip=it.state in (State.PENDING, State.DEAD) and not shown.in_flight,
        known={said for said in (lead and lead.email, lead and lead.phone) if said},
    )


async def retry(context: PageContext, visit: Visit) -> web.Response:
    """Send it again, on a fresh schedule."""
    delivery_id = _id(visit)
    batch = await context.services.store.run(
        operator_acts.retry_some,
        Chosen(id=delivery_id),
        operator_of(visit),
        about=f"delivery {delivery_id}",
        for_people=(),
        before=None,
        now_ms=context.services.clocks.now_ms(),
    )
    context.services.changed()
    told = "It is due again." if batch.done else "It cannot be sent again just now."
    return context.back(visit, url("deliveries", str(delivery_id)), told)


async def skip(context: PageContext, visit: Visit) -> web.Response:
    """Let it end unsent."""
    delivery_id = _id(visit)
    batch = await context.services.store.run(
        operator_acts.skip_some,
        Chosen(id=delivery_id),
        operator_of(visit),
        about=f"delivery {delivery_id}",
        before=None,
        now_ms=context.services.clocks.now_ms(),
    )
    context.services.changed()
    told = "It is skipped." if batch.done else "It cannot be skipped just now."
    return context.back(visit, url("deliveries", str(delivery_id)), told)


def _id(visit: Visit) -> int:
    found = fields.number(visit.request.match_info, "id")
    if found is None:
        raise web.HTTPNotFound
    return found


def _message(sent: Sent) -> str:
    """Return the message as it is handed on: its words, or a program's event."""
    if sent.title is not None or sent.body is not None:
        return "\n".join(filter(None, (sent.title, sent.body)))
    try:
        return msgspec.json.format(sent.event_body, indent=2).decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return sent.event_body.decode("utf-8", "replace")
