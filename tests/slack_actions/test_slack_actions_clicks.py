"""From a click to the act, the card, the thread, and whoever came second."""

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from clicking import ASHA, BINA, CHANNEL, RULES, scene

from notifier.simulator.world import BOT_ID
from notifier.store import service_state
from support.loopback import json_reply
from support.program import Program
from support.slack import rate_limited

DIRECT = "D024BE7LH"


def buttons(post: dict[str, Any]) -> list[str]:
    return [
        one["action_id"]
        for block in post["blocks"]
        if block["type"] == "actions"
        for one in block["elements"]
    ]


def value(post: dict[str, Any]) -> str:
    return str(post["blocks"][-1]["elements"][0]["value"])


async def test_a_card_has_three_buttons_and_the_chat(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        assert buttons(card) == ["take", "snooze", "snooze_until_morning"]
        assert card["blocks"][0]["accessory"]["action_id"] == "open_chat"


async def test_without_the_app_token_cards_are_as_they_were(tmp_path: Path) -> None:
    async with scene(tmp_path, clicks=False) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        assert buttons(card) == ["open_chat"]
        assert "accessory" not in card["blocks"][0]
        assert found.slack.opened == 0


async def test_a_click_is_committed_acknowledged_and_shown_within_a_second(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        begun_s = time.monotonic()
        envelope = await found.slack.click(card, "take")
        await found.slack.acknowledged(envelope)
        assert await found.events() == ["lead.taken"]
        await found.until(lambda: buttons(found.slack.posts(CHANNEL)[0])[0] == "release")
        assert time.monotonic() - begun_s < 1
        assert "*Asha Rao* is on it since <!date^" in str(found.slack.posts(CHANNEL)[0])
        await found.until(lambda: bool(found.replies()))
        assert found.replies() == ["✋ *Asha Rao* is on it."]
        assert found.told() == []
        # The card was brought up to date once: its lane finds nothing left to do.
        found.world.create(name="Later")
        await found.card(2)
        assert len(found.slack.calls_of("chat.update")) == 1


async def test_the_second_is_told_who_has_it_since_when(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        await found.slack.acknowledged(await found.slack.click(card, "take", user=ASHA))
        await found.slack.acknowledged(await found.slack.click(card, "take", user=BINA))
        await found.until(lambda: bool(found.told()))
        ((user, words),) = found.told()
        assert user == BINA
        assert words.startswith("*Asha Rao* is on it already, since <!date^")
        assert await found.events() == ["lead.taken"]


async def test_repeated_envelopes_and_clicks_are_one_act(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        for _ in range(3):
            await found.slack.acknowledged(await found.slack.click(card, "take", times=4))
        envelope = await found.slack.click(card, "snooze", times=2)
        await found.slack.acknowledged(envelope)
        await found.until(lambda: len(found.replies()) == 2)
        assert await found.events() == ["lead.taken", "lead.snoozed"]


async def test_a_card_is_changed_by_one_click_after_the_other(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        slow = await found.card()
        found.world.create(name="Sita")
        other = await found.card(1)
        taken, gate = await found.slack.click(slow, "take"), asyncio.Event()
        found.slack.script(replace(json_reply({"ok": True}), gate=gate), method="chat.update")
        await found.slack.acknowledged(taken)
        for action in ("release", "take"):
            click = await found.slack.click(slow, action, user=BINA, value=value(slow))
            await found.slack.acknowledged(click)
        await found.slack.acknowledged(await found.slack.click(other, "take"))
        await found.until(lambda: "is on it" in str(found.slack.posts(CHANNEL)[1]))
        updates = found.slack.calls_of("chat.update")
        assert [one.arguments["ts"] for one in updates] == [slow["ts"], other["ts"]]
        gate.set()
        await found.until(lambda: "*u0000bina* is on it" in str(found.slack.posts(CHANNEL)[0]))


async def test_a_lead_is_released_and_taken_by_another(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        for action, user in (("take", ASHA), ("release", BINA), ("take", BINA)):
            await found.until(lambda: buttons(card)[0] == action)  # noqa: B023
            await found.slack.acknowledged(await found.slack.click(card, action, user=user))
        await found.until(lambda: len(found.replies()) == 3)
        assert found.replies()[1] == "*u0000bina* has released it: nobody is on it."
        assert await found.events() == ["lead.taken", "lead.released", "lead.taken"]
        ((by,),) = await found.rows("SELECT slack FROM lead_acts")
        assert by == BINA


async def test_until_morning_is_tomorrows_opening_of_the_rules_clock(tmp_path: Path) -> None:
    overdue = "  - {name: Late, if: {status: OPEN}, for: 1h, clock: office, send: sales}\n"
    async with scene(tmp_path, rules=RULES + overdue) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        await found.slack.acknowledged(await found.slack.click(card, "snooze_until_morning"))
        await found.until(lambda: bool(found.replies()))
        assert await found.events() == ["lead.snoozed"]


@pytest.mark.parametrize("change", [lambda v: v[:-3] + 'x"]', lambda _: "", lambda _: "[]"])
async def test_a_forged_value_is_refused_politely(tmp_path: Path, change: Any) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        forged = change(value(card))
        await found.slack.acknowledged(await found.slack.click(card, "take", value=forged))
        await found.until(lambda: bool(found.told()))
        assert "cannot be used" in found.told()[0][1]
        assert await found.events() == []


async def test_another_leads_value_with_this_ones_signature_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        first, second = found.world.create(name="Ravi"), found.world.create(name="Sita")
        await found.card(1)
        for card in found.slack.posts(CHANNEL):
            lead = {first: second, second: first}[value(card).split("/")[1].split('"')[0]]
            swapped = json.dumps([f"{BOT_ID}/{lead}", *json.loads(value(card))[1:]])
            click = await found.slack.click(card, "take", value=swapped)
            await found.slack.acknowledged(click)
        assert await found.events() == []


@pytest.mark.parametrize("action", ["open_chat", "of_another_app", ""])
async def test_other_actions_are_acknowledged_and_nothing_else(
    tmp_path: Path, action: str
) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        await found.slack.acknowledged(await found.slack.click(card, action))
        assert await found.events() == []
        assert found.told() == []


async def test_only_agents_may_act_where_the_destination_says_so(tmp_path: Path) -> None:
    rules = RULES.replace("burst: null", "burst: null, actions: agents")
    async with scene(tmp_path, rules=rules) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        await found.slack.acknowledged(await found.slack.click(card, "take", user=BINA))
        await found.until(lambda: bool(found.told()))
        assert "Only people under `agents`" in found.told()[0][1]
        assert await found.events() == []
        await found.slack.acknowledged(await found.slack.click(card, "take", user=ASHA))
        assert await found.events() == ["lead.taken"]


async def test_a_destination_may_show_no_buttons(tmp_path: Path) -> None:
    rules = RULES.replace("burst: null", "burst: null, actions: none")
    async with scene(tmp_path, rules=rules) as found:
        found.world.create(name="Ravi")
        assert buttons(await found.card()) == ["open_chat"]


async def test_a_message_without_a_thread_changes_too(tmp_path: Path) -> None:
    rules = RULES.replace("burst: null", "burst: null, thread: false")
    async with scene(tmp_path, rules=rules) as found:
        found.world.create(name="Ravi & Sons")
        card = await found.card()
        head = card["blocks"][0]["text"]["text"]
        await found.slack.acknowledged(await found.slack.click(card, "take"))
        await found.until(lambda: buttons(found.slack.posts(CHANNEL)[0])[0] == "release")
        assert found.slack.posts(CHANNEL)[0]["blocks"][0]["text"]["text"] == head


@pytest.mark.parametrize(
    ("when", "is_noted"),
    [("", False), (', digest: "0 18 * * *"', True)],
    ids=["now", "in the evening"],
)
async def test_a_rule_that_tells_of_it_in_the_thread_now_makes_the_note_needless(
    tmp_path: Path, when: str, *, is_noted: bool
) -> None:
    rules = f"{RULES}  - {{name: Taken, when: lead.taken, send: sales{when}}}\n"
    async with scene(tmp_path, rules=rules) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        await found.slack.acknowledged(await found.slack.click(card, "take"))
        await found.until(lambda: bool(found.replies()))
        (reply,) = found.replies()
        assert "Asha Rao" in reply
        assert (reply == "✋ *Asha Rao* is on it.") is is_noted


async def test_what_slack_did_not_show_at_once_its_lane_shows(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        found.slack.script(rate_limited("1"), method="chat.update")
        await found.slack.acknowledged(await found.slack.click(card, "take"))
        await found.until(lambda: buttons(found.slack.posts(CHANNEL)[0])[0] == "release")
        assert len(found.slack.calls_of("chat.update")) == 2


async def test_an_act_of_the_command_line_changes_the_card(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        lead_id = found.world.create(name="Ravi")
        await found.card()
        program = Program(tmp_path, found.settings, is_forked=True)
        assert (await program.ends("take", lead_id)).code == 0
        await found.until(lambda: buttons(found.slack.posts(CHANNEL)[0])[0] == "release")
        assert "*command line* is on it" in str(found.slack.posts(CHANNEL)[0])


async def test_a_direct_message_has_buttons_too(tmp_path: Path) -> None:
    rules = RULES.replace('channel: "#sales-leads"', "channel: assignee")
    async with scene(tmp_path, rules=rules.replace("lead.created", "lead.assigned")) as found:
        lead_id = found.world.create(name="Ravi")
        await found.seen(lead_id)
        found.world.change(lead_id, _agentAssigned="631aa793bcfa100487d13d0d")
        await found.until(lambda: bool(found.slack.posts(DIRECT)))
        (card,) = found.slack.posts(DIRECT)
        await found.slack.acknowledged(await found.slack.click(card, "snooze"))
        await found.until(lambda: len(found.slack.posts(DIRECT)) == 2)
        assert await found.events() == ["lead.assigned", "lead.snoozed"]


async def test_a_wrong_token_stops_no_alert_and_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path, connects=False) as found:
        found.world.create(name="Ravi")
        await found.card()
        told = await found.service.shared.store.read(service_state.read)
        slack = service_state.slack(told, now_ms=int(time.time() * 1000))
        assert slack is not None
        assert "Slack answered apps.connections.open" in slack.fault
        assert "xapp-" in slack.remedy


async def test_where_the_database_cannot_be_written_the_person_is_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        found.world.create(name="Ravi")
        card = await found.card()
        await found.rows(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON lead_acts"
            " BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        await found.slack.acknowledged(await found.slack.click(card, "take"))
        await found.until(lambda: bool(found.told()))
        assert "not stored" in found.told()[0][1]
        assert buttons(found.slack.posts(CHANNEL)[0])[0] == "take"
