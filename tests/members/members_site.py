"""Several members of one database, a world of several bots, and what must come of it.

::

    async with site(tmp_path, server) as found:
        async with found.member("a") as process:
            found.happen(20)
            await process.until(found.told_all())
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from notifier.simulator.server import Simulator
from notifier.simulator.world import World
from notifier.store.opening import engine_at
from support.postgres import Server
from support.program import Process, Program
from support.receivers import Received, Receiver

TOKEN = "token-of-the-members"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
CUSTOMER = "5fed38e56fb193dcc6c933f5"
SOURCES = 12
LANES = 4

Happening = tuple[str, str, str]
"""A bot's id, a lead's id, and the type of the event that must be told of it."""


@dataclass(kw_only=True)
class MembersSite:
    """``url`` is the database's; a member may be given a way of its own to it."""

    folder: Path
    url: str
    world: World
    simulator: Simulator
    receiver: Receiver
    rules: str
    settings: dict[str, str]
    expected: set[Happening] = field(default_factory=set)
    programs: dict[str, Program] = field(default_factory=dict)
    open: list[tuple[str, str]] = field(default_factory=list)

    def program(self, name: str, **settings: str) -> Program:
        """Return the program on a host of that name."""
        if name not in self.programs:
            (folder := self.folder / name).mkdir()
            (folder / "rules.yaml").write_text(self.rules, encoding="utf-8")
            self.programs[name] = Program(folder, self.settings | settings, is_forked=True)
        return self.programs[name]

    @asynccontextmanager
    async def member(self, name: str, **settings: str) -> AsyncIterator[Process]:
        """Run a member; it is killed at the end of the block if it still lives."""
        async with self.program(name, **settings).running("run") as process:
            await process.says('"event": "member_joined"')
            yield process

    def happen(self, count: int) -> None:
        """Let leads appear, in one bot after another, and some close that were told of."""
        bots, told = list(self.world.bots), self.told()
        seen = [one for one in self.open if (*one, "lead.created") in told]
        for number in range(count):
            bot_id = bots[number % len(bots)]
            if seen and number % 2:
                bot_id, lead_id = seen.pop(0)
                self.open.remove((bot_id, lead_id))
                self.world.change(lead_id, bot_id=bot_id, status="CLOSED")
                self.expected.add((bot_id, lead_id, "lead.status_changed"))
            else:
                lead_id = self.world.create(bot_id=bot_id, name=f"Lead {number}", status="OPEN")
                self.expected.add((bot_id, lead_id, "lead.created"))
                self.open.append((bot_id, lead_id))

    def told(self) -> set[Happening]:
        """Return what has reached the receiver."""
        return {happening(one) for one in self.receiver.received}

    async def told_all(self) -> None:
        """Return once everything that happened was told."""
        while missing := len(self.expected - self.told()):
            await self.receiver.arrived(len(self.receiver.requests) + min(missing, 50))

    async def told_to(self, count: int) -> None:
        """Return once so many more requests have arrived."""
        await self.receiver.arrived(len(self.receiver.requests) + count)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in the database."""
        with closing(engine_at(SecretStr(self.url)).open_read_only()) as session:
            return session.execute(query).fetchall()

    def shares(self, sort: str) -> list[int]:
        """Return how many sources or lanes each member holds."""
        found = self.rows(
            "SELECT m.id, (SELECT COUNT(*) FROM leases AS l WHERE l.holder = m.id"
            f" AND l.thing LIKE '{sort}/%') FROM members AS m ORDER BY m.since_ms"
        )
        return [count for _, count in found]

    def check(self) -> None:
        """Fail where anything was lost, invented, out of order, or at work twice at a time."""
        assert self.told() == self.expected
        assert self.receiver.rejected == []
        assert self.simulator.requests.most_at_once == 1
        assert self.simulator.requests.by_status().keys() <= {200}
        bodies = {one.id: one.body for one in self.receiver.received}
        assert len(bodies) == len(self.expected)
        assert all(bodies[one.id] == one.body for one in self.receiver.received)
        assert self.out_of_order() == []
        states = self.rows("SELECT DISTINCT state FROM deliveries")
        assert states == [("delivered",)]
        for program in self.programs.values():
            for process in program.processes:
                assert "Traceback" not in process.out + process.err

    def out_of_order(self) -> list[tuple[str, list[str]]]:
        """Return the leads of which something was first told before what came earlier."""
        first: dict[str, list[str]] = defaultdict(list)
        for one in self.receiver.received:
            bot_id, lead_id, kind = happening(one)
            if kind not in first[f"{bot_id}/{lead_id}"]:
                first[f"{bot_id}/{lead_id}"].append(kind)
        wrong = ["lead.status_changed", "lead.created"]
        return [(lead, kinds) for lead, kinds in first.items() if kinds == wrong]

    @property
    def repeats(self) -> int:
        """How many requests repeated an event that had been taken."""
        return sum(Counter(one.id for one in self.receiver.received).values()) - len(
            self.expected
        )


def happening(one: Received) -> Happening:
    """Return what a request told of."""
    return (one.event["source"].rpartition("/")[2], one.event["subject"], one.event["type"])


def rules_of(bots: Iterable[str]) -> str:
    """Return rules that tell of each source to one of the lanes."""
    sources = [
        f'  s{number}: {{bot_id: "{bot_id}", customer_id: {CUSTOMER}}}'
        for number, bot_id in enumerate(bots)
    ]
    lanes = [
        f'  crm{number}: {{type: webhook, url: "${{CRM_URL}}/{number}",'
        ' secret: "${CRM_SECRET}", retry: {attempts: 100}}'
        for number in range(LANES)
    ]
    rules = [
        f"  - {{name: All {number}, when: [lead.created, lead.status_changed],"
        f" if: {{source: [{', '.join(f's{one}' for one in range(number, SOURCES, LANES))}]}},"
        f" send: crm{number}}}"
        for number in range(LANES)
    ]
    return "\n".join(("sources:", *sources, "destinations:", *lanes, "rules:", *rules, ""))


@asynccontextmanager
async def site(
    folder: Path, server: Server, *, per_minute: int | None = None, **more: str
) -> AsyncIterator[MembersSite]:
    """Set up the world, the receiver and a database of the server; nothing runs yet."""
    bots = {f"{number:024x}": CUSTOMER for number in range(1, SOURCES + 1)}
    world = World(clock=lambda: datetime.now(UTC), bots=bots)
    for bot_id in bots:
        world.populate(10, bot_id=bot_id)
    url = server.database()
    async with (
        Simulator(world, token=TOKEN, per_minute=per_minute) as simulator,
        Receiver(SECRET) as receiver,
    ):
        known = {
            "NOTIFIER_BASE_URL": simulator.url,
            "NOTIFIER_TOKEN": TOKEN,
            "NOTIFIER_RULES": "rules.yaml",
            "NOTIFIER_DATABASE": url,
            "NOTIFIER_POLL_INTERVAL": "500ms",
            "NOTIFIER_RATE_LIMIT": "60000",
            "NOTIFIER_LOG_FORMAT": "json",
            "CRM_URL": receiver.url,
            "CRM_SECRET": SECRET,
        }
        found = MembersSite(
            folder=folder,
            url=url,
            world=world,
            simulator=simulator,
            receiver=receiver,
            rules=rules_of(bots),
            settings=known | more,
        )
        try:
            yield found
        finally:
            server.give_back(url)
