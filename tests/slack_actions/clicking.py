"""The service between a BotPenguin and a Slack that people click in, in one process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from notifier.clocks import Clocks
from notifier.configuration.environment import read_environment
from notifier.configuration.load import load_configuration
from notifier.service.assembly import assembled
from notifier.service.service import Service
from notifier.simulator.server import Simulator
from notifier.simulator.world import World
from notifier.store.session import Session
from support.site import environment
from support.slack_socket import SocketSlack

CHANNEL = "C0000000001"
ASHA, BINA = "U024BE7LH", "U0000BINA"
RULES = """\
agents:
  631aa793bcfa100487d13d0d: {name: Asha Rao, slack: U024BE7LH}
windows:
  office: {days: mon-sun, hours: "09:00-18:00", timezone: Asia/Kolkata}
destinations:
  sales: {type: slack, channel: "#sales-leads", burst: null}
rules:
  - {name: New, when: lead.created, send: sales}
"""


@dataclass(kw_only=True)
class Scene:
    """What is there to be clicked, and what came of it."""

    slack: SocketSlack
    upstream: Simulator
    world: World
    service: Service
    settings: dict[str, str]

    async def card(self, number: int = 0) -> dict[str, Any]:
        """Return the message of that number in the channel, once it stands there."""
        await self.until(lambda: len(self.slack.posts(CHANNEL)) > number)
        return self.slack.posts(CHANNEL)[number]

    async def until(self, true: Callable[[], bool], *, within_s: float = 20.0) -> None:
        """Return once it is so; each call to Slack may make it so."""
        async with asyncio.timeout(within_s):
            while not true():
                calls = len(self.slack.calls)
                try:
                    async with asyncio.timeout(0.05):
                        await self.slack.called(calls + 1)
                except TimeoutError:
                    continue

    async def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return what a query finds in the database."""

        def look(session: Session) -> Sequence[tuple[Any, ...]]:
            return session.execute(query).fetchall()

        return await self.service.shared.store.read(look)

    async def seen(self, lead_id: str) -> None:
        """Return once a lead is known."""
        query = f"SELECT 1 FROM records WHERE lead_id = '{lead_id}'"
        while not await self.rows(query):
            await self.upstream.requests.reached(self.upstream.requests.total + 1)

    async def events(self) -> list[str]:
        """Return the types of the events, but for new leads, in their order."""
        rows = await self.rows(
            "SELECT type FROM events WHERE type <> 'lead.created' ORDER BY seq"
        )
        return [kind for (kind,) in rows]

    def replies(self) -> list[str]:
        """Return what threads were told."""
        return [one["text"] for one in self.slack.posts(CHANNEL) if "thread_ts" in one]

    def told(self) -> list[tuple[str, str]]:
        """Return what single people were told: who, and what."""
        return [(one["user"], one["text"]) for one in self.slack.ephemerals]


@asynccontextmanager
async def scene(
    folder: Path,
    *,
    rules: str = RULES,
    clicks: bool = True,
    connects: bool = True,
    leads: int = 0,
) -> AsyncIterator[Scene]:
    """Run the service; with ``clicks`` it has an app-level token, or ``token`` instead.

    ``leads`` are there before it begins: none is told of.
    """
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(leads)
    async with (
        Simulator(world, token="t", per_minute=None) as upstream,
        SocketSlack(users=(ASHA, BINA)) as slack,
    ):
        known = environment(
            upstream.url,
            "t",
            NOTIFIER_POLL_INTERVAL="100ms",
            NOTIFIER_RATE_LIMIT="60000",
            NOTIFIER_DATABASE=str(folder / "n.db"),
            NOTIFIER_INBOX_URL="https://app.example.com/inbox/{uuid}",
            **slack.settings,
        )
        if not clicks:
            del known["NOTIFIER_SLACK_APP_TOKEN"]
        known["NOTIFIER_RULES"] = str(folder / "rules.yaml")
        given = read_environment(known, folder=folder)
        config = load_configuration(given)
        async with assembled(
            config,
            clocks=Clocks(),
            out=StringIO(),
            reread=lambda: load_configuration(given),
        ) as service:
            running = asyncio.create_task(service.run())
            try:
                if not connects:
                    slack.app_token = "xapp-another"
                if clicks and connects:
                    await slack.connected(2)
                await upstream.requests.reached(3)
                yield Scene(
                    slack=slack, upstream=upstream, world=world, service=service, settings=known
                )
            finally:
                service.stop()
                await running
