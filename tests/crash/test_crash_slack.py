"""Killed between Slack's yes and our commit: no message is lost, and none stands twice.

``NOTIFIER_KILLS=200`` makes it thorough; a few will do for every push.
"""

import os
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from crash_site import TOKEN

from notifier.simulator.server import Simulator
from notifier.simulator.world import World
from support.program import Process, Program
from support.receivers import Receiver
from support.site import STARTED, Site, environment
from support.slack import Slack

KILLS = int(os.environ.get("NOTIFIER_KILLS", "6"))
CHANNEL = "C0000000001"
RULES = """\
destinations: {sales: {type: slack, channel: "#sales-leads", burst: null}}
rules: [{name: All, when: [lead.created, lead.status_changed], send: sales}]
"""


async def test_what_slack_took_just_before_a_kill_is_not_sent_again(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(5)
    async with (
        Simulator(world, token=TOKEN, per_minute=None) as simulator,
        Receiver() as receiver,
        Slack(now_s=time.time) as slack,
    ):
        settings = environment(
            simulator.url,
            TOKEN,
            NOTIFIER_POLL_INTERVAL="100ms",
            NOTIFIER_RATE_LIMIT="60000",
            NOTIFIER_SLACK_TOKEN=slack.token,
            NOTIFIER_SLACK_API_URL=slack.url,
        )
        program = Program(tmp_path, settings)
        site = Site(world=world, simulator=simulator, receiver=receiver, program=program)
        async with program.running("run") as process:
            await site.polled(process)
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
            while site.rows("SELECT 1 FROM deliveries WHERE state = 'pending' LIMIT 1"):
                log = simulator.requests
                await process.until(log.reached(log.total + 1))
            assert await process.stop() == 0
        copies = Counter(_identity(one) for one in slack.posts(CHANNEL))
        assert len(copies) == expected
        assert {*copies.values()} == {1}
        assert site.rows("SELECT state, COUNT(*) FROM deliveries GROUP BY state") == [
            ("delivered", expected)
        ]


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
