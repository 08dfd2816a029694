"""Taking, releasing and snoozing a lead on its page."""

from datetime import timedelta
from pathlib import Path

from page_filled import BOT, SOURCE
from page_house import NOON, OPERATOR, RULES, VIEWER, Served, browsing, served

from notifier.core.acts import LeadState
from notifier.core.mutes import Mutes
from notifier.store import acts, lead_acts
from notifier.store.browse import Wanted, event_bodies
from notifier.store.session import Session
from notifier.transactions import overdue
from notifier.transactions.leads import current_lead
from notifier.transactions.overdue_events import GoodPoll
from support.polls import poll
from support.stages import row

LEAD = f"/leads/{BOT}/lead1"
ASHA = "631aa793bcfa100487d13d0d"


async def filled(page: Served) -> None:
    """Two leads that came a moment ago."""
    at = NOON - timedelta(minutes=5)
    rows = [row(1, at=at), row(2, at=at)]
    await page.store.run(poll, rows, source=SOURCE, rules=page.rules, at=at, first_run=None)


async def state(page: Served) -> LeadState:
    return await page.store.read(lead_acts.state, BOT, "lead1")


async def test_an_operator_takes_and_releases_a_lead(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        assert "Nobody is on it." in (await browser.get(LEAD)).text
        done = await browser.act(f"{LEAD}/take", agent=ASHA)
        assert (done.status_code, done.headers["location"]) == (303, LEAD)
        text = (await browser.get(LEAD)).text
        assert "Lead 1 is taken by Asha Rao." in text
        assert "Taken by <strong><bdi>Asha Rao</bdi></strong>" in text
        assert "<dt>Taken by</dt><dd>Asha Rao</dd>" in text
        assert (page.looks, page.refreshed) == (1, [f"{BOT}/lead1"])
        assert "taken by" in (await browser.get("/leads")).text
        await browser.act(f"{LEAD}/release")
        assert (await state(page)).taken is None
        text = (await browser.get("/acts")).text
        for words in ("take", "release", "Lead 1", "Asha Rao", "operator"):
            assert words in text


async def test_the_event_says_who_and_that_it_was_the_page(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await browser.act(f"{LEAD}/take")
        (body,) = await page.store.read(event_bodies, Wanted(types=("lead.taken",)))
        by = b'{"agent":null,"name":"operator","slack":null}'
        assert b'"act":{"by":' + by + b',"through":"web"}' in body
        assert b'"customer_id":"5fed38e56fb193dcc6c933f5"' in body


async def test_the_second_is_told_who_has_it(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await browser.act(f"{LEAD}/take", agent=ASHA)
        await browser.act(f"{LEAD}/take")
        text = (await browser.get(LEAD)).text
        assert "Nothing was changed: Asha Rao is on it since 2 Mar 2026, 12:00 UTC." in text
        await browser.act(f"{LEAD}/take", agent=ASHA)
        assert "it is yours already" in (await browser.get(LEAD)).text
        assert len(await page.store.read(acts.of_lead, f"{BOT}/lead1")) == 1
        assert text.count("is taken by Asha Rao") == 1
        assert "<code>lead.taken</code> · through the page" in text
        assert "<strong>take</strong>" not in text


async def test_a_lead_is_snoozed_for_a_while(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await browser.act(f"{LEAD}/snooze", **{"for": "2h"})
        assert (await state(page)).snoozed_until == NOON + timedelta(hours=2)
        text = (await browser.get(LEAD)).text
        assert "is snoozed for 2 hours by operator" in text
        assert "Snoozed; that ends" in text
        page.pass_time(hours=3)
        assert "Snoozed; that ends" not in (await browser.get(LEAD)).text


async def test_a_snooze_of_no_length_changes_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        for length in ("", "0", "soon"):
            await browser.act(f"{LEAD}/snooze", **{"for": length})
            assert "Nothing was changed" in (await browser.get(LEAD)).text
        assert await state(page) == LeadState()


async def test_who_may_only_look_may_not_act(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, VIEWER) as browser:
        await filled(page)
        assert f"{LEAD}/take" not in (await browser.get(LEAD)).text
        assert (await browser.act(f"{LEAD}/take")).status_code == 403
        assert await state(page) == LeadState()


async def test_a_lead_that_is_not_known_is_not_taken(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        done = await browser.act(f"/leads/{BOT}/lead9/take")
        assert done.status_code == 303
        assert "the lead is not known" in (await browser.get("/leads")).text


async def test_untaken_is_what_nobody_has_and_nobody_is_on(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await browser.act(f"{LEAD}/take")
        text = (await browser.get("/leads?untaken=1")).text
        assert ">Lead 2</a>" in text
        assert ">Lead 1</a>" not in text


LADDER = RULES.replace(
    "if: {status: OPEN, assignee: null}, for: 15m, send: screen}",
    "if: {status: OPEN, taken_by: null}, for: 15m, send: screen,"
    " escalate: [{after: 10m, send: crm}, {after: 1h, send: screen}]}",
)


async def test_the_page_says_where_a_ladder_stands_and_why_it_ended(tmp_path: Path) -> None:
    async with (
        served(tmp_path, rules=LADDER) as page,
        browsing(page, OPERATOR) as browser,
    ):
        await filled(page)
        for minutes in (12, 12):
            page.pass_time(minutes=minutes)
            await page.store.run(alarm, page)
        assert "step 2 of 2 of its ladder comes next" in (await browser.get(LEAD)).text
        await browser.act(f"{LEAD}/take", agent=ASHA)
        text = (await browser.get(LEAD)).text
        assert "its ladder ended after 1 of 2 steps: Asha Rao took it" in text
        assert "comes next" not in text


def alarm(session: Session, page: Served) -> None:
    """Let the timers and steps that are due by now be told."""
    poll = GoodPoll(
        bot_id=BOT,
        listing_type="lead",
        begun=page.at,
        at=page.at,
        rules=page.rules,
        mutes=Mutes(),
        current_lead=lambda session, key: current_lead(session, key, {BOT: SOURCE}, page.rules),
    )
    overdue.fire(session, poll)
