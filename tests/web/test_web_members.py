"""Now, where several programs share the database: who works on what."""

from pathlib import Path

from page_house import OPERATOR, SOURCE, browsing, served

from notifier.core.leases import lane, source
from notifier.store import leases, sources
from notifier.store.leases import Card
from notifier.store.session import Session


def shared(session: Session, now_ms: int) -> None:
    """Two members: one polls the website, the other sends to the crm."""
    sources.register(session, SOURCE.bot_id, "website")
    for name, rules in (("one/1", "r1"), ("two/2", "r2")):
        card = Card(name=name, version="1.0", rules=rules, knows="k", share=True)
        leases.join(session, name, card, now_ms=now_ms)
    leases.take(session, source(SOURCE.bot_id), "one/1")
    leases.take(session, lane("crm"), "two/2")


async def test_now_lists_the_members_and_what_each_works_on(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        assert "Members" not in (await browser.get("/")).text
        await page.store.run(shared, page.now_ms())
        text = (await browser.get("/")).text
    members = text.partition('id="members-now"')[2].partition("</div>")[0]
    assert members.index("one/1") < members.index("website") < members.index("two/2")
    assert "crm" in members
    assert "Not all members have the same rules" in text
