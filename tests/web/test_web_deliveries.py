"""Deliveries: what matches a filter is counted, retried and skipped, whole and alone."""

import itertools
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from page_filled import fill
from page_house import OPERATOR, Browser, Served, browsing, served

from notifier.core.outcome import State
from notifier.store import acts
from notifier.store.session import Session

LEADS = 300


async def filled(page: Served, leads: int = LEADS) -> None:
    await page.store.run(fill, leads=leads, now_ms=page.now_ms())


async def states(page: Served, where: str = "1 = 1") -> dict[str, int]:
    return await page.store.read(by_state, where)


def by_state(session: Session, where: str) -> dict[str, int]:
    sql = f"SELECT state, COUNT(*) FROM deliveries WHERE {where} GROUP BY state"
    return dict(session.execute(sql).fetchall())


async def shown(browser: Browser, query: str) -> str:
    answer = await browser.get(f"/deliveries{query}")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("", "1 = 1"),
        ("?state=dead", "state = 'dead'"),
        ("?destination=crm&state=pending", "destination = 'crm' AND state = 'pending'"),
        ("?rule=New+lead", "rule = 'New lead'"),
        ("?type=lead.status_changed", "type = 'lead.status_changed'"),
        ("?error=ANSWERED+503", "error LIKE '%answered 503%'"),
        ("?error=100%25", "0 = 1"),
        ("?error=_", "0 = 1"),
        (
            "?state=dead&error=busy&destination=crm&type=lead.created",
            "state = 'dead' AND destination = 'crm' AND type = 'lead.created'",
        ),
    ],
)
async def test_what_matches_is_counted(tmp_path: Path, query: str, where: str) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        counts = await states(page, where)
        text = await shown(browser, query)
        total = sum(counts.values())
        assert f"<strong>{total}</strong>" in text
        for state, count in counts.items():
            assert f"</span> {state}</span> {count}</span>" in text


async def test_all_that_match_are_retried_and_nothing_else(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page, leads=900)
        await page.store.run(make_dead)
        before = await states(page)
        matching = await states(page, "state = 'dead' AND rule = 'New lead'")
        done = await browser.act("/deliveries/retry", state="dead", rule="New lead")
        where = urlsplit(done.headers["location"])
        assert done.status_code == 303
        assert where.path == "/deliveries"
        assert parse_qs(where.query) == {"state": ["dead"], "rule": ["New lead"]}
        count = matching["dead"]
        assert count > 200  # more than one batch, more than one page
        after = await states(page)
        assert after["dead"] == before["dead"] - count
        assert after["pending"] == before.get("pending", 0) + count
        text = await shown(browser, "?state=dead&rule=New+lead")
        assert f"{count} deliveries are due again." in text
        assert "due again" not in await shown(browser, "?state=dead&rule=New+lead")
        (act,) = await page.store.read(acts.newest, before=2**62, limit=10)
        assert (act.act, act.who, act.through, act.count) == ("retry", "operator", "web", count)
        assert act.target == "deliveries: state dead, rule New lead"
        assert page.looks == 1


async def test_retried_ones_are_spread_so_that_new_ones_find_a_place(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await browser.act("/deliveries/retry", state="dead")
        due = await page.store.read(due_of_retried, page.now_ms())
        assert len(due) > 10
        assert [two - one for one, two in itertools.pairwise(due)] == [5] * (len(due) - 1)


def due_of_retried(session: Session, now_ms: int) -> list[int]:
    rows = session.execute(
        "SELECT due_ms FROM deliveries WHERE state = 'pending' AND due_ms >= :now_ms"
        " AND error IS NOT NULL ORDER BY due_ms",
        {"now_ms": now_ms},
    )
    return [one for (one,) in rows]


def make_dead(session: Session) -> None:
    session.execute("UPDATE deliveries SET state = 'dead' WHERE destination = 'crm'")


async def test_without_a_state_what_failed_is_meant_not_what_was_muted(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        before = await states(page)
        assert f"Retry all {before['dead']} dead" in await shown(browser, "")
        await browser.act("/deliveries/retry")
        after = await states(page)
        assert after["skipped"] == before["skipped"]
        assert after["delivered"] == before["delivered"]
        assert "dead" not in after


async def test_all_that_match_are_skipped_by_hand(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await page.store.run(claim_one)
        before = await states(page)
        done = await browser.act("/deliveries/skip", state="pending", destination="crm")
        assert done.status_code == 303
        after = await states(page)
        assert after["pending"] == 1  # in flight
        assert after["dead"] == before["dead"]
        by_hand = await states(page, "reason = 'by hand'")
        assert by_hand == {"skipped": before["pending"] - 1}
        text = await shown(browser, "?state=pending&destination=crm")
        assert "1 was left alone" in text


def claim_one(session: Session) -> None:
    session.execute(
        "UPDATE deliveries SET claimed = 1 WHERE id ="
        " (SELECT MIN(id) FROM deliveries WHERE state = 'pending')"
    )


@pytest.mark.parametrize(
    "fields", [{"state": "delivered"}, {"since": "yesterday"}, {"state": "x"}]
)
async def test_what_cannot_be_meant_changes_nothing(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        before = await states(page)
        for act in ("retry", "skip"):
            assert (await browser.act(f"/deliveries/{act}", **fields)).status_code == 303
        assert await states(page) == before


async def test_a_delivery_shows_its_attempts_and_its_message(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        dead = await page.store.read(some_id, State.DEAD)
        text = (await browser.get(f"/deliveries/{dead}")).text
        assert "crm.example.com answered 503: busy, call +91 98765 43210" in text
        assert "The message as it stands" in text
        assert "&#34;specversion&#34;: &#34;1.0&#34;" in text
        assert (await browser.act(f"/deliveries/{dead}/retry")).status_code == 303
        assert "It is due again." in (await browser.get(f"/deliveries/{dead}")).text
        assert (await browser.act(f"/deliveries/{dead}/skip")).status_code == 303
        assert (await states(page, f"id = {dead}")) == {"skipped": 1}


@pytest.mark.parametrize("wrong", ["0", "999999", "x", "-1", "9" * 40, "1.0", "%00"])
async def test_a_delivery_that_is_not_there_is_not_found(tmp_path: Path, wrong: str) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        assert (await browser.get(f"/deliveries/{wrong}")).status_code == 404


def some_id(session: Session, state: str) -> int:
    sql = "SELECT MIN(id) FROM deliveries WHERE state = :state"
    return int(session.execute(sql, {"state": state}).fetchone()[0])
