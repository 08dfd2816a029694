"""Whatever a stranger types is shown, and nothing of it is obeyed."""

from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from hostile import CORPUS, hostile_rows
from page_filled import BOT, SOURCE
from page_house import OPERATOR, VIEWER, Served, browsing, served
from page_markup import markup

from notifier.core.records import LEAD
from notifier.rules.reports import By
from notifier.store import registry
from notifier.store.session import Session
from notifier.transactions.commit_page import commit_page
from notifier.transactions.page_comparison import Intake
from notifier.upstream.page import parse_page
from notifier.web.renderer import url

AT = datetime(2026, 3, 2, 11, 59, tzinfo=UTC)
LISTS = (
    *("/", "/leads", "/deliveries", "/rules", "/destinations", "/acts"),
    *(f"/response?by={by.value}" for by in By),
)


def poll(session: Session, page: Served, changed: str) -> None:
    """Let a poll find each hostile lead, whose fields are ``changed``."""
    names = {name: one.kind for name, one in page.rules.destinations.items()}
    rules = [one.name for one in page.rules.rules]
    registry.set_active(session, watched={BOT: "website"}, destinations=names, rules=rules)
    intake = Intake(
        source=SOURCE,
        listing_type=LEAD,
        rules=page.rules,
        walk=1,
        first_run=None,
        seen=frozenset(),
    )
    rows = [{**one, "status": f"{one['status']}{changed}"} for one in hostile_rows()]
    body = orjson.dumps({"success": True, "data": [cleaned(one) for one in rows]})
    commit_page(session, parse_page(body), intake, at=AT)


def cleaned(value: object) -> object:
    """Return what JSON can carry on the wire: a lone surrogate cannot."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {cleaned(key): cleaned(one) for key, one in value.items()}
    return [cleaned(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("password", [OPERATOR, VIEWER])
async def test_no_page_obeys_what_stands_in_a_lead(tmp_path: Path, password: str) -> None:
    async with served(tmp_path) as page, browsing(page, password) as browser:
        await page.store.run(poll, page, "")
        await page.store.run(poll, page, "!")
        leads = await page.store.read(lead_paths)
        deliveries = await page.store.read(delivery_paths)
        assert len(leads) >= 100
        seen = ""
        for path in (*LISTS, *leads, *deliveries):
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            found = markup(answer.text)
            assert found.wrong == [], (path, found.wrong)
            seen += "".join(found.words)
        assert "<script>window.pwned=1</script>" in seen


async def test_hostile_words_in_an_address_or_a_form_are_shown_as_words(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        for text in CORPUS:
            # Eight of them, escaped, fit into the longest line that is read.
            said = text.encode("utf-8", "replace").decode()[:80]
            for path in ("/leads", "/deliveries", "/login"):
                fields = ("q", "status", "tag", "error", "rule", "since", "next", "before")
                answer = await browser.client.get(path, params=dict.fromkeys(fields, said))
                assert answer.status_code == 200, path
                assert markup(answer.text).wrong == [], (path, text)
            tried = await browser.act("/rules", lead=said, change=said)
            assert markup(tried.text).wrong == [], text


def lead_paths(session: Session) -> list[str]:
    rows = session.execute("SELECT bot_id, lead_id FROM records")
    return [url("leads", bot, lead).unescape() for bot, lead in rows]


def delivery_paths(session: Session) -> list[str]:
    return [f"/deliveries/{one}" for (one,) in session.execute("SELECT id FROM deliveries")][
        :150
    ]
