"""What a lane of webhooks claims ahead of its slots, and when it gives that back."""

import asyncio
from pathlib import Path

from house import SECRET, house

from support.loopback import Reply
from support.receivers import Receiver

NAMES = [f"lead{number:02}" for number in range(40)]
CLAIMED = "SELECT SUM(claimed) FROM deliveries"


def rules(receiver: Receiver) -> str:
    return (
        f'destinations:\n  crm: {{type: webhook, url: "{receiver.url}", secret: "{SECRET}"}}\n'
        "rules:\n  - {name: New, when: lead.created, send: crm}\n"
    )


async def test_a_lane_claims_almost_as_many_again_as_it_sends(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with (
        Receiver(SECRET, default=Reply(status=204, gate=gate)) as receiver,
        house(tmp_path, rules(receiver)) as found,
    ):
        await found.create(*NAMES)
        await receiver.arrived(16)
        await found.until(CLAIMED, 31)
        assert len(receiver.requests) == 16
        gate.set()
        await found.states("crm", delivered=40)
        assert [one.event["subject"] for one in receiver.received][:16] == NAMES[:16]


async def test_a_stop_gives_back_what_was_claimed_ahead(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with (
        Receiver(SECRET, default=Reply(status=204, gate=gate)) as receiver,
        house(tmp_path, rules(receiver)) as found,
    ):
        await found.create(*NAMES)
        await receiver.arrived(16)
        found.dispatcher.stop()
        await found.until(CLAIMED, 16)
        gate.set()
        await found.states("crm", delivered=16, pending=24)
        assert len(receiver.requests) == 16


async def test_trouble_gives_back_what_was_claimed_ahead(tmp_path: Path) -> None:
    first, rest = asyncio.Event(), asyncio.Event()
    refused = [Reply(status=410, gate=first), *[Reply(status=204, gate=rest)] * 15]
    async with (
        Receiver(SECRET, replies=refused) as receiver,
        house(tmp_path, rules(receiver)) as found,
    ):
        await found.create(*NAMES)
        await receiver.arrived(16)
        first.set()
        await found.stands("crm", "disabled")
        rest.set()
        await found.states("crm", delivered=15, pending=25)
        await found.until(CLAIMED, 0)
        assert len(receiver.requests) == 16
        assert await found.rows("SELECT DISTINCT attempts, lost FROM deliveries") == [
            (0, 0),
            (1, 0),
        ]
