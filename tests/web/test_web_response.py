"""The page of how fast leads were answered: the figures of ``report --json``, and a sheet."""

import csv
import io
import re
from datetime import UTC, timedelta
from html import unescape
from pathlib import Path

import pytest
from page_house import OPERATOR, VIEWER, Served, browsing, served

from notifier.core import events
from notifier.core.diff import Change
from notifier.core.records import LEAD, Agent, LastMessage, Lead, Source
from notifier.core.responses import step
from notifier.core.rows import iso_ms
from notifier.measuring import measure_report
from notifier.reports import sheet, words
from notifier.reports.asked import Asked
from notifier.reports.model import Report
from notifier.store import responses, snapshots
from notifier.store.session import Session
from notifier.store.snapshots import Saved

BOT = "638d99eeee9e558f1247ae03"
ASHA = Agent(id="631aa793bcfa100487d13d0d", name="Asha Rao")


def fill(session: Session, page: Served) -> None:
    """Forty leads of the last four days, most of them answered after some minutes."""
    for number in range(40):
        born = page.at - timedelta(hours=2.3 * number + 1)
        lead = Lead(
            id=f"{number:024x}",
            source="website",
            bot_id=BOT,
            customer_id="c",
            name="<b>Eve</b>" if number == 39 else f"Visitor {number}",
            country="India",
            status="OPEN",
            created_at=iso_ms(born),
            updated_at=iso_ms(born),
        )
        told = [events.created(lead, at=born)]
        if number % 4 != 3:
            at = born + timedelta(seconds=31 * (number + 1))
            said = LastMessage(at=iso_ms(at), by="agent", text="Hello")
            later = Lead(
                **{f: getattr(lead, f) for f in lead.__struct_fields__}
                | {"assignee": ASHA, "last_message": said, "updated_at": iso_ms(at)}
            )
            changes = [Change(field="assignee", old=None, new=ASHA.id)]
            changes.append(Change(field="last_message", old=None, new={}))
            told += events.changed(later, changes, at=at)
        responses.observe(session, filter(None, map(step, told)))
        row = f'{{"_id": "{lead.id}", "userProvidedName": "{lead.name}"}}'
        saved = Saved(lead_id=lead.id, type=LEAD, digest=b"", walk=1, row=row)
        snapshots.save(session, BOT, [saved])


async def known(page: Served) -> Report:
    """Return the report that ``report --json`` would print."""
    asked = Asked(
        since=timedelta(days=7),
        until_ms=page.now_ms(),
        now_ms=page.now_ms(),
        goal_ms=300_000,
        zone=UTC,
    )
    source = {BOT: Source(name="website", bot_id=BOT, customer_id="c")}
    return await measure_report(page.store.read, asked, watched=source, agents={}, kept_ms=0)


def seen(html: str) -> str:
    """Return what a reader sees of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def test_the_page_has_the_figures_of_the_report(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await page.store.run(fill, page)
        answer = await browser.get("/response")
        report, told = await known(page), seen(answer.text)
        assert report.measures.reply.count == 30
        for label, now, before in words.each(report):
            figures = " ".join(
                f"{now_one} before: {before_one}"
                for now_one, before_one in zip(
                    words.measure_row(now), words.measure_row(before), strict=True
                )
            )
            assert f"{label} {figures}" in told
        for one in report.groups:
            assert " ".join(words.group_row(one)) in told.replace(
                "631aa793bcfa100487d13d0d", ""
            )
        assert f"Still waiting: {report.still_waiting}" in told


async def test_figures_that_take_long_are_counted_while_the_page_asks_again(
    tmp_path: Path,
) -> None:
    async with served(tmp_path, patience_s=0) as page, browsing(page, OPERATOR) as browser:
        await page.store.run(fill, page)
        answer = await browser.get("/response")
        assert "Leads are being counted" in answer.text
        assert 'value="7d"' in answer.text
        while "refresh" in answer.headers:
            answer = await browser.get("/response")
        assert "First reply 30 " in seen(answer.text).replace("first", "First")


async def test_the_sheet_has_them_too(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await page.store.run(fill, page)
        answer = await browser.get("/response.csv?by=agent&since=7d&goal=5m")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        found = list(csv.DictReader(io.StringIO(answer.text)))
        wanted = [
            {name: "" if value is None else str(value) for name, value in row.items()}
            for row in sheet.rows(await known(page))
        ]
        assert found == wanted


async def test_a_viewer_gets_no_sheet(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, VIEWER) as browser:
        assert (await browser.get("/response.csv")).status_code == 403
        answer = await browser.get("/response")
        assert answer.status_code == 200
        assert "As a spreadsheet" not in answer.text


async def test_dates_and_figures_are_no_phone_numbers_to_hide_from_a_viewer(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as page, browsing(page, VIEWER) as browser:
        await page.store.run(fill, page)
        told = seen((await browser.get("/response")).text)
        assert "23 Feb 2026 12:00 to 2 Mar 2026 12:00" in told
        assert "•••" not in told


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?since=week", "is not a duration"),
        ("?by=agnet", "Leads cannot be grouped by agnet"),
        ("?clock=lunch", "There is no window lunch"),
    ],
)
async def test_what_is_no_answer_is_said(tmp_path: Path, query: str, said: str) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        answer = await browser.get(f"/response{query}")
        assert answer.status_code == 200
        assert said in seen(answer.text)
        assert (await browser.get(f"/response.csv{query}")).status_code == 400


async def test_a_visitors_name_is_text(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await page.store.run(fill, page)
        answer = await browser.get("/response")
        assert "&lt;b&gt;Eve&lt;/b&gt;" in answer.text
        assert "<b>Eve" not in answer.text


async def test_without_leads_the_page_stands(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        answer = await browser.get("/response")
        assert answer.status_code == 200
        assert "No leads" in answer.text
