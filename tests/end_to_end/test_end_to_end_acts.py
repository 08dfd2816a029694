"""A person acts from another process while the service runs."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.site import site
from support.slack import Slack

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
    async with (
        Slack(now_s=time.time) as slack,
        site(tmp_path, RULES, slack.settings) as found,
    ):
        program, world, crm = found.program, found.world, found.receiver
        async with program.running("run") as process:
            await found.polled(process)
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
