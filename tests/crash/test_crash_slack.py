"""Killed between Slack's yes and our commit: no message is lost, and none stands twice.

``NOTIFIER_KILLS=200`` makes it thorough; a few will do for every push.
"""

import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.loopback import Ending, Reply
from support.program import Process
from support.site import STARTED, Site, site
from support.slack import Slack
from support.slack_socket import SocketSlack

KILLS = int(os.environ.get("NOTIFIER_KILLS", "6"))
CHANNEL = "C0000000001"
RULES = """\
destinations: {sales: {type: slack, channel: "#sales-leads", burst: null}}
rules: [{name: All, when: [lead.created, lead.status_changed], send: sales}]
"""


@asynccontextmanager
async def slack_site(folder: Path, slack: Slack) -> AsyncIterator[Site]:
    """Set up the world around the program, and let it take its baseline."""
    async with site(folder, RULES, slack.settings) as found:
        await found.program.once_here()
        yield found


async def test_what_slack_took_just_before_a_kill_is_not_sent_again(tmp_path: Path) -> None:
    async with Slack(now_s=time.time) as slack, slack_site(tmp_path, slack) as found:
        world, program = found.world, found.program
        expected = 0
        leads: list[str] = []
        for number in range(KILLS):
            async with program.running("run") as process:
                await process.says(STARTED)
                expected += 1
                if number % 2 and leads:
                    world.change(leads.pop(), status="CLOSED")
                else:
                    leads.append(world.create(name=f"Lead {number}"))
                await _killed_behind_a_post(slack, process, expected, held=number % 3 > 0)
        async with program.running("run") as process:
            while found.rows("SELECT 1 FROM deliveries WHERE state = 'pending' LIMIT 1"):
                log = found.simulator.requests
                await process.until(log.reached(log.total + 1))
            assert await process.stop() == 0
        copies = Counter(_identity(one) for one in slack.posts(CHANNEL))
        assert len(copies) == expected
        assert {*copies.values()} == {1}
        assert found.rows("SELECT state, COUNT(*) FROM deliveries GROUP BY state") == [
            ("delivered", expected)
        ]


async def test_an_act_that_a_kill_kept_from_its_card_is_shown_afterwards(
    tmp_path: Path,
) -> None:
    async with (
        SocketSlack(now_s=time.time) as slack,
        slack_site(tmp_path, slack) as found,
    ):
        async with found.program.running("run") as process:
            await process.until(slack.connected(2))
            found.world.create(name="Ravi")
            while not slack.posts(CHANNEL):
                await process.until(slack.called(len(slack.calls) + 1))
            # It is on the way to its card, and to the thread, when the program ends.
            slack.script(Reply(ending=Ending.HANG), method="chat.update")
            click = await slack.click(slack.posts(CHANNEL)[0], "take")
            await process.until(slack.acknowledged(click))
            await process.kill()
        assert "is on it" not in str(slack.posts(CHANNEL))
        async with found.program.running("run") as process:
            while "is on it" not in str(slack.posts(CHANNEL)):
                await process.until(slack.called(len(slack.calls) + 1))
            assert await process.stop() == 0
        taken = found.rows("SELECT COUNT(*) FROM events WHERE type = 'lead.taken'")
        assert (len(slack.posts(CHANNEL)), taken) == (1, [(1,)])


async def _killed_behind_a_post(
    slack: Slack, process: Process, expected: int, *, held: bool
) -> None:
    """Kill once that many messages stand in Slack; ``held``: its yes never arrives."""
    if held:
        slack.yes.clear()
    while len(slack.posts(CHANNEL)) < expected:
        await process.until(slack.called(len(slack.calls) + 1))
    await process.kill()
    slack.yes.set()


def _identity(post: dict[str, object]) -> object:
    marked = post["metadata"]
    assert isinstance(marked, dict)
    return marked["event_payload"]["message_id"]
