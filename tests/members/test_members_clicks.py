"""Clicks on Slack cards where several members share a database: one of them listens."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from support.databases import Database
from support.postgres import Server
from support.program import Process, Program
from support.site import Site, site
from support.slack_socket import SocketSlack

CHANNEL = "C0000000001"
ASHA, BINA = "U024BE7LH", "U0000BINA"
TAKEN_OVER_S = 15.0
RULES = """\
agents:
  631aa793bcfa100487d13d0d: {name: Asha Rao, slack: U024BE7LH}
destinations:
  sales: {type: slack, channel: "#sales-leads", burst: null}
  crm: {type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}"}
rules:
  - {name: New, when: lead.created, send: sales}
  - {name: Acts, when: [lead.taken, lead.released], send: crm}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two members, and a Slack that people click in."""

    found: Site
    slack: SocketSlack
    members: dict[str, Process]

    def listener(self) -> str:
        """Return which of them has the connections to Slack."""
        ((name,),) = self.found.rows(
            "SELECT name FROM members JOIN leases ON holder = members.id"
            " WHERE thing = 'chore/clicks'"
        )
        by_pid = {str(process.pid): name for name, process in self.members.items()}
        return by_pid[name.rpartition("/")[2]]

    async def click(self, process: Process, action: str, *, user: str = ASHA) -> None:
        """Press a button of the first card, and return once it is acknowledged."""
        envelope = await self.slack.click(self.slack.posts(CHANNEL)[0], action, user=user)
        await process.until(self.slack.acknowledged(envelope))

    async def shown(self, process: Process, words: str) -> None:
        """Return once the channel says these words."""
        while words not in str(self.slack.posts(CHANNEL)):
            await process.until(self.slack.called(len(self.slack.calls) + 1))


@asynccontextmanager
async def pair(folder: Path, server: Server) -> AsyncIterator[Pair]:
    """Run two members, and have a card posted."""
    kept = Database(folder, server)
    places = [folder / name for name in ("a", "b")]
    for place in places:
        place.mkdir()
        (place / "rules.yaml").write_text(RULES, encoding="utf-8")
    async with (
        SocketSlack(now_s=time.time, users=(ASHA, BINA)) as slack,
        site(folder, RULES, slack.settings | {"NOTIFIER_DATABASE": kept.setting}) as found,
    ):
        one, other = (
            Program(place, found.program.environment, is_forked=True) for place in places
        )
        async with one.running("run") as a, other.running("run") as b:
            for process in (a, b):
                await process.says('"event": "member_joined"')
            await found.polled(a)
            await a.until(slack.connected(2))
            found.world.create(name="Ravi")
            while not slack.posts(CHANNEL):
                await a.until(slack.called(len(slack.calls) + 1))
            yield Pair(found=replace(found, kept=kept), slack=slack, members={"a": a, "b": b})
        for process in (*one.processes, *other.processes):
            assert "Traceback" not in process.out + process.err
    server.give_back(kept.setting)


async def test_one_member_listens_and_the_first_of_two_clicks_wins(
    tmp_path: Path, postgresql_server: Server
) -> None:
    async with pair(tmp_path, postgresql_server) as both:
        process = both.members[both.listener()]
        await both.click(process, "take", user=ASHA)
        await both.shown(process, "*Asha Rao* is on it since")
        await both.click(process, "take", user=BINA)
        # Whichever member has the lane of `crm` sends it.
        await process.until(both.found.receiver.arrived(1))
        while not both.slack.ephemerals:
            await process.until(both.slack.called(len(both.slack.calls) + 1))
        assert both.slack.ephemerals[0]["user"] == BINA
        assert both.found.rows("SELECT COUNT(*) FROM events WHERE type = 'lead.taken'") == [
            (1,)
        ]
        assert both.slack.most_at_once == 2


@pytest.mark.parametrize("is_killed", [True, False])
async def test_another_member_listens_when_one_is_gone(
    tmp_path: Path, postgresql_server: Server, is_killed: bool
) -> None:
    async with pair(tmp_path, postgresql_server) as both:
        name = both.listener()
        first, second = both.members[name], both.members["b" if name == "a" else "a"]
        await both.click(first, "take")
        opened, begun_s = both.slack.opened, time.monotonic()
        if is_killed:
            await first.kill()
        else:
            assert await first.stop() == 0
        await second.until(both.slack.opened_in_all(opened + 2))
        assert time.monotonic() - begun_s < TAKEN_OVER_S
        await both.shown(second, "is on it since")
        await both.click(second, "release", user=BINA)
        await both.shown(second, "has released it")
        await second.until(both.found.receiver.arrived(2))
        told = {one.event["type"] for one in both.found.receiver.received}
        assert told == {"lead.taken", "lead.released"}
        assert await second.stop() == 0
