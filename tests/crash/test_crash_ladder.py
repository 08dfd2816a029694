"""Killed again and again while ladders are climbed: each step of each lead is one event.

``NOTIFIER_KILLS=200`` makes it thorough; a few will do for every push.
"""

import os
import time
from collections import Counter
from pathlib import Path

import orjson

from support.site import STARTED, Site, site

KILLS = int(os.environ.get("NOTIFIER_KILLS", "8"))
RULES = """\
destinations:
  crm: {type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}", retry: {attempts: 100}}
rules:
  - name: Waits
    if: {assignee: null, taken_by: null}
    for: 200ms
    send: crm
    escalate:
      - {after: 200ms, send: crm}
      - {after: 400ms, send: crm}
      - {after: 600ms, send: crm}
"""


async def test_each_step_is_told_once_whenever_the_program_is_killed(tmp_path: Path) -> None:
    async with site(tmp_path, RULES) as found:
        program, crm = found.program, found.receiver
        await program.once_here()
        leads: list[str] = []
        for number in range(KILLS):
            names = [f"Lead {number}"] * 2
            leads += [found.world.create(name=name, assignee=None) for name in names]
            async with program.running("run") as process:
                await process.says(STARTED)
                # After the first messages of these leads, or amid those of earlier ones.
                await process.until(crm.arrived(len(crm.requests) + 1 + number % 5))
                await process.kill()
        async with program.running("run") as process:
            log, begun = found.simulator.requests, time.monotonic()
            while _open(found) and time.monotonic() < begun + 60:
                await process.until(log.reached(log.total + 1))
            assert await process.stop() == 0
        bodies = found.rows("SELECT body FROM events WHERE type = 'lead.overdue'")
        told = [orjson.loads(body) for (body,) in bodies]
        steps = Counter((one["subject"], one["data"]["overdue"].get("step", 0)) for one in told)
        assert steps == {(lead, step): 1 for lead in leads for step in range(4)}
        received = {one.event["id"] for one in crm.received}
        assert received == {one["id"] for one in told}


def _open(found: Site) -> bool:
    """Whether a clock runs, a step is to come, or a message waits."""
    return bool(
        found.rows(
            "SELECT 1 FROM timers UNION SELECT 2 FROM ladders WHERE due_ms IS NOT NULL"
            " UNION SELECT 3 FROM deliveries WHERE state = 'pending'"
        )
    )
