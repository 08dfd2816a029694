"""Response: how fast leads were answered, with plots; the same figures as a spreadsheet."""

import csv
import io
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from aiohttp import web
from markupsafe import Markup, escape

from notifier.measuring import measure_report
from notifier.messages.escape import in_a_sheet
from notifier.reports import sheet as figures
from notifier.reports import words
from notifier.reports.asked import Asked
from notifier.reports.model import Group, Report
from notifier.rules.model import Ruleset
from notifier.rules.reports import By
from notifier.rules.windows import Window
from notifier.store import responses
from notifier.web import fields
from notifier.web.context import PageContext
from notifier.web.renderer import url
from notifier.web.report_cache import Make
from notifier.web.response_plots import columns, heat, rows_of_bars
from notifier.web.visit import Visit

GIVEN = {"since": "7d", "goal": "5m", "by": By.AGENT.value, "clock": ""}
LOOK_AGAIN_S = 1
SHOWN = 25  # of the groups, and of those who wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """A lead that still waits; ``path`` is its own page, ``url`` its chat."""

    path: str
    name: str
    owner: str
    source: str
    waits: Markup
    url: str | None


async def show(context: PageContext, visit: Visit) -> web.Response:
    """Show the figures of a period, beside the one before; or that they are being counted."""
    given = {name: visit.query.get(name, "").strip() or GIVEN[name] for name in GIVEN}
    asked, faults = await _asked(context, given)
    answer = context.reports.soon
    report = await answer(
        *_question(context, asked, given), patience_s=context.services.patience_s
    )
    form = {
        "given": given,
        "faults": faults,
        "groups": [one.value for one in By],
        "windows": list(context.services.rules().windows),
    }
    if report is None:
        page = context.page("counting.html", visit, **form)
        page.headers["refresh"] = str(LOOK_AGAIN_S)
        return page
    return context.page("response.html", visit, **form, **_shown(report, given))


def _shown(report: Report, given: Mapping[str, str]) -> dict[str, object]:
    """Return what the template of a report shows.

    QueryCache are escaped here: to a viewer's templates a date might be a phone number.
    """
    return {
        "report": report,
        "title": escape(words.title(report)),
        "span": escape(f"{words.span(report)}, goal {words.goal(report)}"),
        "measures": [
            (label, _figures(words.measure_row(now)), _figures(words.measure_row(before)))
            for label, now, before in words.each(report)
        ],
        "grouped": words.GROUPED[report.by],
        "group_rows": [_group_row(one) for one in report.groups[:SHOWN]],
        "waiting": _waiting(report),
        "told": _figures([*words.counts(report), *words.notes(report)]),
        "heat": heat(report),
        "bars": rows_of_bars(report),
        "days": columns(report),
        "slowest": words.long(max((one.reply.median_s or 0 for one in report.days), default=0)),
        "sheet": url("response.csv", **given),
    }


async def sheet(context: PageContext, visit: Visit) -> web.StreamResponse:
    """Give the figures as a spreadsheet; a viewer gets none."""
    if not visit.is_operator:
        raise web.HTTPForbidden(text="You may look, and take nothing with you.")
    given = {name: visit.query.get(name, "").strip() or GIVEN[name] for name in GIVEN}
    asked, faults = await _asked(context, given)
    if faults:
        raise web.HTTPBadRequest(text="\n".join(faults))
    report = await context.reports.of(*_question(context, asked, given))
    lines = [_line(figures.COLUMNS)]
    lines += [_line([row[name] for name in figures.COLUMNS]) for row in figures.rows(report)]
    return web.Response(
        body="".join(lines).encode("utf-8", "replace"),
        content_type="text/csv",
        charset="utf-8",
        headers={"content-disposition": 'attachment; filename="response.csv"'},
    )


async def _asked(context: PageContext, given: Mapping[str, str]) -> tuple[Asked, list[str]]:
    """Return what is asked for, with what is usual in place of what cannot be read."""
    faults: list[str] = []
    rules, now_ms = context.services.rules(), context.services.clocks.now_ms()
    since_ms, goal_ms = (_length_ms(given, name, faults) for name in ("since", "goal"))
    clock: Window | None = rules.windows.get(given["clock"])
    if given["clock"] and clock is None:
        faults.append(f"There is no window `{given['clock']}` in the rules.")
    by = given["by"]
    if by not in list(By):
        faults.append(f"Leads cannot be grouped by `{by}`.")
        by = By.AGENT
    asked = Asked(
        since=timedelta(milliseconds=since_ms),
        until_ms=now_ms,
        now_ms=now_ms,
        goal_ms=goal_ms,
        by=By(by),
        clock=clock,
        zone=context.services.zone,
        agents={key: one.name for key, one in rules.agents.items() if one.name},
        sources=await context.reader.read(responses.source_names),
    )
    return asked, faults


def _length_ms(given: Mapping[str, str], name: str, faults: list[str]) -> int:
    try:
        found = fields.length_ms(given, name)
    except ValueError as error:
        faults.append(str(error))
        found = None
    usual = fields.length_ms(GIVEN, name)
    assert usual is not None
    return found or usual


def _question(
    context: PageContext, asked: Asked, given: Mapping[str, str]
) -> tuple[Hashable, Ruleset, Make]:
    """Return what is asked, by which rules, and what makes the answer."""
    services = context.services
    rules = services.rules()
    make = partial(
        measure_report,
        context.reader.read,
        asked,
        watched=services.watched(),
        agents=rules.agents,
        kept_ms=asked.now_ms - services.keep_ms,
    )
    return tuple(given.values()), rules, make


def _figures(told: Iterable[str]) -> list[Markup]:
    return [escape(one) for one in told]


def _group_row(group: Group) -> tuple[str, *tuple[Markup, ...]]:
    name, *told = words.group_row(group)
    return name, *_figures(told)


def _waiting(report: Report) -> list[Waits]:
    return [
        Waits(
            path=url("leads", one.bot_id, one.lead),
            name=one.name or one.lead,
            owner=one.assignee or "",
            source=one.source,
            waits=escape(words.long(one.waits_s)),
            url=one.url,
        )
        for one in report.waiting[:SHOWN]
    ]


def _line(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(map(in_a_sheet, cells))
    return line.getvalue()
