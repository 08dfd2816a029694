"""Finding leads, and what each of the two roles sees of them."""

import csv
import io
import re
from pathlib import Path

import pytest
from page_filled import ASHA, BOT, fill
from page_house import OPERATOR, VIEWER, Browser, Served, browsing, served

from notifier.store.session import Session

LEADS = 120
FIRST = f"/leads/{BOT}/{0:024x}"
NAMED = re.compile(r'<a href="/leads/[^"]+">([^<]+)</a>')
PERSONAL = re.compile(r"98\d{8}|98765|visitor\d+@|asha\.k@|\+91")


async def filled(page: Served, leads: int = LEADS) -> None:
    await page.store.run(fill, leads=leads, now_ms=page.now_ms())


async def names(browser: Browser, query: str) -> list[str]:
    answer = await browser.get(f"/leads{query}")
    assert answer.status_code == 200
    return [one for one in NAMED.findall(answer.text) if one != "All"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=Meera+NAIR+visitor42@", ["Meera Nair 42"]),
        ("?q=VISITOR17@EXAMPLE.com", ["陳大文 17"]),
        ("?q=9800000031", ["Kofi Mensah 31"]),
        (f"?q={5:024x}", ["陳大文 5"]),
        ("?q=what+does+it+cost&owner=" + ASHA + "&tag=hot&country=india&status=open", None),
        ("?q=100%25", []),
        ("?q=%5C", []),
        ("?owner=nobody+at+all", []),
        ("?country=nowhere", []),
        ("?source=elsewhere", []),
    ],
)
async def test_leads_are_found_by_what_is_known_of_them(
    tmp_path: Path, query: str, found: list[str] | None
) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        listed = await names(browser, query)
        if found is None:
            assert listed == ["Meera Nair 0", "Meera Nair 60"]
        else:
            assert listed == found


async def test_filters_narrow_and_pages_follow_each_other(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        first = await browser.get("/leads?status=OPEN&untaken=1")
        listed = NAMED.findall(first.text)
        untaken = [one for one in range(LEADS) if one % 3 == 0 and one % 4]
        assert [int(one.split()[-1]) for one in listed] == untaken
        whole: list[str] = []
        path: str | None = "/leads"
        while path:
            answer = await browser.get(path)
            whole += NAMED.findall(answer.text)
            older = re.search(r'href="([^"]+)" rel="next"', answer.text)
            path = older[1].replace("&amp;", "&") if older else None
        assert [int(one.split()[-1]) for one in whole] == list(range(LEADS))
        newer = re.search(r'href="([^"]+)" rel="prev"', answer.text)
        assert newer
        back = await browser.get(newer[1].replace("&amp;", "&"))
        assert int(NAMED.findall(back.text)[-1].split()[-1]) == 99


async def test_since_counts_from_now_and_says_what_it_does_not_understand(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        assert len(await names(browser, "?since=1d")) == 18
        answer = await browser.get("/leads?since=2+hourss")
        assert "2 hourss" in answer.text
        assert 'role="alert"' in answer.text


async def test_a_spreadsheet_has_all_that_match_and_computes_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        answer = await browser.get("/leads.csv?status=CLOSED")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["content-disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == LEADS / 3
        assert rows[0]["name"] == "Conceição Araújo 2"
        assert rows[0]["phone"] == "'+919800000002"


async def test_a_viewer_finds_and_sees_no_number_and_no_address(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, VIEWER) as browser:
        await filled(page, leads=12)
        for query in (
            "?q=9800000003",
            "?q=visitor3@example.com",
            "?q=98765",
            "?tag=%2B919800000003",
        ):
            assert await names(browser, query) == [], query
        assert await names(browser, "?q=cost&status=open") == ["Meera Nair 0"]
        assert (await browser.get("/leads.csv")).status_code == 403
        deliveries = [f"/deliveries/{one}" for one in range(1, 37)]
        leads = [f"/leads/{BOT}/{one:024x}" for one in range(12)]
        for path in (
            "/",
            "/leads",
            "/deliveries",
            "/rules",
            "/destinations",
            *deliveries,
            *leads,
        ):
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            assert not PERSONAL.search(answer.text), path
        assert "The message as" not in (await browser.get("/deliveries/1")).text


async def test_an_operator_sees_the_whole_card(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        answer = await browser.get(FIRST)
        for words in ("Meera Nair 0", "+919800000000", "visitor0@example.com", "Budget"):
            assert words in answer.text
        assert "lead.created" in answer.text
        assert "status must be OPEN" not in answer.text
        assert (await browser.get(f"/leads/{BOT}/nobody")).status_code == 404
        assert (await browser.get(f"/leads/other/{0:024x}")).status_code == 404


async def test_the_page_says_why_a_rule_did_not_fire(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        abroad = await browser.get(f"/leads/{BOT}/{1:024x}")
        assert "Why not the other rules" in abroad.text
        assert "country must be India, and was Ghana" in abroad.text
        assert "status must be OPEN, and was INPROGRESS (for 15m)" in abroad.text


async def test_overdue_are_those_of_whom_a_rule_told_while_it_holds(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        assert await names(browser, "?overdue=1") == []
        await page.store.run(note_overdue)
        assert await names(browser, "?overdue=1") == ["Meera Nair 6"]


def note_overdue(session: Session) -> None:
    session.execute(
        "INSERT INTO overdue (bot_id, lead_id, rule, told_ms) VALUES (:bot, :lead, 'x', 1)",
        {"bot": BOT, "lead": f"{6:024x}"},
    )
