"""A person acts from another process while the service runs."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from notifier.simulator.server import Simulator
from notifier.simulator.world import World
from support.program import Program
from support.receivers import Receiver
from support.site import Site, environment
from support.slack import Slack

TOKEN = "token-of-the-acts"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
AGENT = "631aa793bcfa100487d13d0d"
CHANNEL = "C0000000001"
RULES = f"""\
agents: {{{AGENT}: {{name: Asha Rao, slack: U024BE7LH}}}}
destinations:
  crm: {{type: webhook, url: "${{CRM_URL}}", secret: "${{CRM_SECRET}}"}}
  sales: {{type: slack, channel: "#sales-leads"}}
rules:
  - {{name: New, when: lead.created, send: sales}}
  - {{name: Acts, when: [lead.taken, lead.released], send: crm}}
"""


async def test_an_act_of_the_command_line_is_delivered_and_shown_at_once(
    tmp_path: Path,
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(3)
    async with (
        Simulator(world, token=TOKEN, per_minute=None) as simulator,
        Receiver(SECRET) as crm,
        Slack(now_s=time.time) as slack,
    ):
        settings = environment(
            simulator.url,
            TOKEN,
            NOTIFIER_POLL_INTERVAL="200ms",
            NOTIFIER_RATE_LIMIT="60000",
            NOTIFIER_SLACK_TOKEN=slack.token,
            NOTIFIER_SLACK_API_URL=slack.url,
            CRM_URL=crm.url,
            CRM_SECRET=SECRET,
        )
        program = Program(tmp_path, settings)
        site = Site(world=world, simulator=simulator, receiver=crm, program=program)
        async with program.running("run") as process:
            await site.polled(process)
            at = datetime.now(UTC) - timedelta(minutes=1)
            lead = world.create(name="Meera", createdAt=at.isoformat(), assignee=None)
            await process.until(shown(slack, "Meera"))
            ended = await program.ends("take", lead, "--as", AGENT)
            assert (ended.code, ended.out, ended.err) == (0, "Meera is taken by Asha Rao\n", "")
            await process.until(crm.arrived(1))
            assert crm.received[0].event["type"] == "lead.taken"
            assert crm.received[0].event["data"]["act"]["through"] == "cli"
            await process.until(shown(slack, "Asha Rao"))
            second = await program.ends("take", lead)
            assert second.code == 1
            assert second.err.startswith("Meera is taken by Asha Rao since ")
            report = json.loads((await program.ends("report", "--since", "1h", "--json")).out)
            assert report["measures"]["taken"]["count"] == 1
            assert 60 <= report["measures"]["taken"]["median_s"] < 120
            assert (await program.ends("release", lead)).code == 0
            await process.until(crm.arrived(2))
            assert crm.received[1].event["data"]["lead"]["taken_by"] is None
            assert await process.stop() == 0


async def shown(slack: Slack, words: str) -> None:
    """Return once a message in the channel says these words."""
    while words not in json.dumps(slack.posts(CHANNEL)):
        await slack.called(len(slack.calls) + 1)
