"""Acts: who did what through the page and the command line, and when."""

from aiohttp import web

from notifier.store import acts
from notifier.store.pages_deliveries import NEWEST
from notifier.web import fields
from notifier.web.context import PageContext
from notifier.web.renderer import url
from notifier.web.visit import Visit

SHOWN = 50


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show the acts, the newest first."""
    before = fields.number(visit.query, "before") or NEWEST
    found = await context.reader.read(acts.newest, before=before, limit=SHOWN + 1)
    shown = found[:SHOWN]
    return context.page(
        "acts.html",
        visit,
        acts=shown,
        paths={one.id: url("leads", *one.lead.split("/", 1)) for one in shown if one.lead},
        newer=url("acts") if before != NEWEST else None,
        older=url("acts", before=shown[-1].id) if len(found) > SHOWN else None,
    )
