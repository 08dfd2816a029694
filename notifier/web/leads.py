"""Leads: searched, filtered, a page at a time; and the same as a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from markupsafe import Markup

from notifier.core.masking import is_telling
from notifier.core.records import Agent, Lead
from notifier.core.rows import instant, ms_of
from notifier.messages.escape import in_a_sheet
from notifier.messages.facts import who
from notifier.store import pages_leads
from notifier.store.pages_leads import Edge, Found, Wanted
from notifier.web import fields
from notifier.web.context import PageContext
from notifier.web.query_cache import CHOICES_KEPT_MS
from notifier.web.renderer import url
from notifier.web.visit import Visit

SHOWN = 50
IN_A_SHEET = 1_000  # a look at the database; a sheet has them all
FILTERS = ("q", "status", "owner", "source", "tag", "country", "since")
BOXES = ("untaken", "overdue")
NOTHING = Wanted(source="\n")  # what no source is called
COLUMNS = (
    *("id", "bot_id", "type", "source", "name", "email", "phone", "city", "country", "status"),
    *("owner", "taken_by", "tags", "visits", "last_message", "created_at", "updated_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A lead for the list; ``said`` is its last message."""

    path: Markup
    name: str
    contact: str
    place: str
    status: str
    owner: str
    taken_by: str
    tags: tuple[str, ...]
    said: str
    source: str
    changed_ms: int | None


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show the leads that match."""
    given = {name: visit.query.get(name, "").strip() for name in FILTERS}
    given |= {name: "1" if fields.flag(visit.query, name) else "" for name in BOXES}
    wanted, fault = _wanted(visit, now_ms=context.services.clocks.now_ms())
    agents = context.services.rules().agents
    before, after = _edge(visit.query.get("before")), _edge(visit.query.get("after"))
    found = await context.reader.read(
        pages_leads.page, wanted, limit=SHOWN + 1, agents=agents, before=before, after=after
    )
    newer, older, shown = _around(found, before, after)
    choices = await context.cache.of(pages_leads.choices, kept_ms=CHOICES_KEPT_MS)
    return context.page(
        "leads.html",
        visit,
        given=given,
        is_narrowed=any(given.values()),
        fault=fault,
        rows=[_row(one) for one in shown],
        known=_known(shown),
        newer=url("leads", **given, after=_mark(shown[0])) if newer and shown else None,
        older=url("leads", **given, before=_mark(shown[-1])) if older and shown else None,
        sheet=url("leads.csv", **given),
        choices=choices,
        owners=_owners(choices, agents),
    )


async def sheet(context: PageContext, visit: Visit) -> web.StreamResponse:
    """Give everything that matches as a spreadsheet; a viewer gets none."""
    if not visit.is_operator:
        raise web.HTTPForbidden(text="You may look, and take nothing with you.")
    wanted, _ = _wanted(visit, now_ms=context.services.clocks.now_ms())
    agents = context.services.rules().agents
    lines, edge = [_line(COLUMNS)], None
    while True:
        found = await context.reader.read(
            pages_leads.page, wanted, limit=IN_A_SHEET, agents=agents, before=edge
        )
        lines += [_line(_cells(one.lead)) for one in found if one.lead]
        if len(found) < IN_A_SHEET:
            break
        edge = found[-1].edge
    return web.Response(
        body="".join(lines).encode("utf-8", "replace"),
        content_type="text/csv",
        charset="utf-8",
        headers={"content-disposition": 'attachment; filename="leads.csv"'},
    )


def _wanted(visit: Visit, *, now_ms: int) -> tuple[Wanted, str]:
    """Return what is asked for, and what is wrong with it."""
    query, fault = visit.query, ""
    try:
        since_ms = fields.length_ms(query, "since")
    except ValueError as error:
        since_ms, fault = None, str(error)
    wanted = Wanted(
        **{name: fields.text(query, name) for name in FILTERS if name != "since"},
        since_ms=None if since_ms is None else now_ms - since_ms,
        untaken=fields.flag(query, "untaken"),
        overdue=fields.flag(query, "overdue"),
        is_open=not visit.is_operator,
    )
    # Whoever may not see a number must not find out by asking for it.
    if not visit.is_operator and any(map(is_telling, query.values())):
        return NOTHING, "Phone numbers and mail addresses cannot be searched for."
    return wanted, fault


def _around(
    found: Sequence[Found], before: Edge | None, after: Edge | None
) -> tuple[bool, bool, Sequence[Found]]:
    """Return whether there are newer and older ones, and those to show."""
    is_more = len(found) > SHOWN
    if after is not None:
        return is_more, True, found[-SHOWN:]
    return before is not None, is_more, found[:SHOWN]


def _row(found: Found) -> Row:
    edge, lead = found.edge, found.lead
    path = url("leads", edge.bot_id, edge.lead_id)
    if lead is None:
        return _damaged(path, edge)
    changed = instant(lead.updated_at) or instant(lead.created_at)
    return Row(
        path=path,
        name=who(lead),
        contact=lead.phone or lead.email or "",
        place=", ".join(filter(None, (lead.city, lead.country))),
        status=lead.status or "",
        owner=(lead.assignee.name or lead.assignee.id) if lead.assignee else "",
        taken_by=lead.taken_by.name if lead.taken_by else "",
        tags=lead.tags[:6],
        said=(lead.last_message.text or "")[:200] if lead.last_message else "",
        source=lead.source,
        changed_ms=ms_of(changed) if changed else None,
    )


def _damaged(path: Markup, edge: Edge) -> Row:
    return Row(
        path=path,
        name=f"{edge.lead_id}, whose record is damaged",
        contact="",
        place="",
        status="",
        owner="",
        taken_by="",
        tags=(),
        said="",
        source="",
        changed_ms=edge.changed_ms,
    )


def _known(shown: Sequence[Found]) -> set[str]:
    """Return the numbers and addresses of these leads: what a viewer may see nowhere."""
    leads = [one.lead for one in shown if one.lead]
    return {said for lead in leads for said in (lead.email, lead.phone) if said}


def _owners(
    choices: Mapping[str, Sequence[str]], agents: Mapping[str, Agent]
) -> list[tuple[str, str]]:
    named = [(one, agents[one].name if one in agents else None) for one in choices["owner"]]
    return [(one, name or one) for one, name in named]


def _edge(mark: str | None) -> Edge | None:
    changed_ms, _, rest = (mark or "").partition("/")
    bot_id, _, lead_id = rest.partition("/")
    if not (changed_ms.isascii() and changed_ms.isdigit() and len(changed_ms) < 19 and lead_id):
        return None
    return Edge(changed_ms=int(changed_ms), bot_id=bot_id, lead_id=lead_id)


def _mark(found: Found) -> str:
    edge = found.edge
    return f"{edge.changed_ms}/{edge.bot_id}/{edge.lead_id}"


def _cells(lead: Lead) -> Iterator[object]:
    owner, message = lead.assignee, lead.last_message
    own = {
        "owner": (owner.name or owner.id) if owner else None,
        "taken_by": lead.taken_by.name if lead.taken_by else None,
        "tags": "; ".join(lead.tags),
        "last_message": message.text if message else None,
    }
    return (own[name] if name in own else getattr(lead, name) for name in COLUMNS)


def _line(cells: Sequence[object] | Iterator[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(map(in_a_sheet, cells))
    return line.getvalue()
