"""Destinations and rules: what can be done to them, and trying rules."""

from pathlib import Path

import pytest
from page_filled import BOT, fill
from page_house import OPERATOR, Served, browsing, served

from notifier.errors import ConfigError, Fault
from notifier.store import acts, destinations, registry
from notifier.store.health import active_mutes
from notifier.store.session import Session


async def filled(page: Served, leads: int = 20) -> None:
    await page.store.run(fill, leads=leads, now_ms=page.now_ms())
    await page.store.run(in_force, page)


def in_force(session: Session, page: Served) -> None:
    names = {name: one.kind for name, one in page.rules.destinations.items()}
    rules = [one.name for one in page.rules.rules]
    registry.set_active(session, watched={BOT: "website"}, destinations=names, rules=rules)


async def told(page: Served) -> list[tuple[str, str]]:
    return [
        (a.act, a.target) for a in await page.store.read(acts.newest, before=2**62, limit=9)
    ]


async def test_a_destination_is_enabled_and_disabled(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        text = (await browser.get("/destinations")).text
        assert "crm.example.com answered 503" in text
        assert "ook whether the receiver is up" in text
        done = await browser.act("/destinations/crm/enable")
        assert (done.status_code, done.headers["location"]) == (303, "/destinations")
        assert "crm is up; it was failing." in (await browser.get("/destinations")).text
        await browser.act("/destinations/crm/disable")
        assert (await page.store.read(destinations.state, "crm")).reason == "disabled by hand"
        assert await told(page) == [
            ("disable", "destination crm"),
            ("enable", "destination crm"),
        ]
        assert page.looks == 2
        assert (await browser.act("/destinations/none/enable")).status_code == 404
        assert 'name="from" value="now"' in (await browser.get("/")).text
        done = await browser.act("/destinations/crm/enable", **{"from": "now"})
        assert done.headers["location"] == "/"


async def test_a_sample_goes_through_the_real_destination(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        assert (await browser.act("/destinations/screen/sample")).status_code == 303
        assert page.samples == ["screen"]
        assert "screen took a sample lead" in (await browser.get("/destinations")).text


async def test_rules_and_destinations_are_muted_for_a_while(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await browser.act("/rules/New%20lead/mute", **{"for": "90m"})
        await browser.act("/destinations/crm/mute", **{"for": "2h"})
        muted = await page.store.read(active_mutes, now_ms=page.now_ms())
        assert [(one.target, one.name) for one in muted] == [
            ("rule", "New lead"),
            ("destination", "crm"),
        ]
        assert "in 1 h" in (await browser.get("/rules")).text
        assert (await browser.act("/rules/New%20lead/unmute")).status_code == 303
        assert (await browser.act("/destinations/crm/unmute")).status_code == 303
        assert await page.store.read(active_mutes, now_ms=page.now_ms()) == ()
        text = (await browser.get("/acts")).text
        for words in ("unmute", "rule New lead", "destination crm", "operator", "page"):
            assert words in text


@pytest.mark.parametrize("length", ["", "0", "soon", "-1h", "2"])
async def test_a_mute_of_no_length_is_none(tmp_path: Path, length: str) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        await browser.act("/rules/New%20lead/mute", **{"for": length})
        assert "Nothing was muted" in (await browser.get("/rules")).text
        assert await page.store.read(active_mutes, now_ms=page.now_ms()) == ()


async def test_rules_say_what_they_did(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        text = (await browser.get("/rules")).text
        assert "never matched" in text  # Nobody has it
        assert ">20</a>" in text  # New lead, of each of the leads
        assert "rules.yaml:" in text


async def test_a_new_lead_is_tried_on_the_rules_on_disk(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        lead = '{"name": "Asha", "country": "India", "status": "OPEN"}'
        text = (await browser.act("/rules", lead=lead)).text
        assert "New lead: Asha, India" in text
        assert "<strong>screen</strong> by rule New lead: now" in text
        assert "<strong>crm</strong> by rule New lead: now" in text
        assert "Rule <strong>Nobody has it</strong> tells of it" in text
        assert await told(page) == []


async def test_a_change_is_tried_and_why_nobody_is_told(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        lead = '{"name": "Asha", "country": "India", "status": "OPEN"}'
        text = (await browser.act("/rules", lead=lead, change='{"status": "CLOSED"}')).text
        assert "Asha: OPEN → CLOSED" in text
        assert "<strong>screen</strong> by rule Changed" in text
        abroad = (await browser.act("/rules", lead='{"country": "Ghana"}')).text
        assert "Nobody would be told." in abroad
        assert "country must be India, and was Ghana" in abroad
        nothing = (await browser.act("/rules", lead=lead, change='{"status": "OPEN"}')).text
        assert "Nothing would happen" in nothing


async def test_a_lead_that_was_picked_is_tried(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        await filled(page)
        picked = f"{BOT}/{4:024x}"
        assert "Zoë O&#39;Neill 4" in (await browser.get(f"/rules?lead={picked}")).text
        text = (await browser.act("/rules", lead=picked, change='{"assignee": null}')).text
        assert "has no owner any more" in text


@pytest.mark.parametrize(
    ("lead", "change", "fault"),
    [
        ("{", "", "the lead is no JSON"),
        ("[1]", "", "the lead is no JSON object"),
        ('{"sttus": 1}', "", "<code>sttus</code><bdi> is no lead field; did you mean "),
        ("{}", "OPEN", "the change is no JSON"),
        ('{"id": ""}', "", "the record has no text in _id"),
        ('{"tags": 5, "notes": 5, "attributes": 5, "assignee": 5, "last_message": 5}', "", ""),
        ("9" * 5000, "", "the lead is no JSON"),
    ],
)
async def test_what_cannot_be_tried_is_told(
    tmp_path: Path, lead: str, change: str, fault: str
) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        answer = await browser.act("/rules", lead=lead, change=change)
        assert answer.status_code == 200
        assert fault in answer.text


async def test_rules_on_disk_that_do_not_load_say_where_and_why(tmp_path: Path) -> None:
    async with served(tmp_path) as page, browsing(page, OPERATOR) as browser:
        problem = Fault(where="rules.yaml:3:5", problem="`sned` is no rule key", remedy="send")
        page.faults = ConfigError([problem])
        text = (await browser.act("/rules", lead="{}")).text
        assert "rules.yaml:3:5: </bdi><code>sned</code><bdi> is no rule key (send)" in text
