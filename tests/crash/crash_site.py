"""A program that is killed, a world that goes on changing, and what must come of it.

::

    async with site(tmp_path) as found:
        async with found.program.running("run") as process:
            found.happen(20)
            await process.until(found.receiver.arrived(5))
            await process.kill()
        await found.comes_to_rest()
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.site import Site
from support.site import site as usual_site

STEP = 500
RULES = """\
destinations:
  crm: {type: webhook, url: "${CRM_URL}", secret: "${CRM_SECRET}", retry: {attempts: 100}}
rules:
  - {name: All, when: [lead.created, lead.status_changed], send: crm}
"""

Happening = tuple[str, str]
"""A lead's id and the type of the event that must be told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashSite(Site):
    """``expected`` is what happened to the world, each lead told of at most once."""

    expected: set[Happening] = field(default_factory=set)
    _untouched: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        """Take the baseline."""
        self._untouched[:] = self.world.ids()
        for lead_id in self._untouched:
            self.world.change(lead_id, status="OPEN", updatedAt="2020-01-01T00:00:00.000Z")
        await self.program.once_here()

    def happen(self, count: int) -> None:
        """Let half as many leads appear and, while there are untouched ones, as many close."""
        for number in range(count // 2):
            self.expected.add((self.world.create(name=f"Lead {number}"), "lead.created"))
            if self._untouched:
                lead_id = self._untouched.pop()
                self.world.change(lead_id, status="CLOSED")
                self.expected.add((lead_id, "lead.status_changed"))

    def told(self) -> set[Happening]:
        """Return what has reached the receiver."""
        return {(one.event["subject"], one.event["type"]) for one in self.receiver.received}

    async def comes_to_rest(self) -> None:
        """Run it undisturbed until everything was told, and see that all is as it must be."""
        async with self.program.running("run") as process:
            # Each that is missing needs a request of its own; in steps, since after
            # many kills there is much to catch up on.
            while missing := len(self.expected - self.told()):
                arrived = len(self.receiver.requests) + min(missing, STEP)
                await process.until(self.receiver.arrived(arrived))
            # What was cut off after it had arrived is sent once more, one at a time.
            log = self.simulator.requests
            while self.rows("SELECT 1 FROM deliveries WHERE state = 'pending' LIMIT 1"):
                await process.until(log.reached(log.total + 1))
            await self.polled(process)
            assert await process.stop() == 0
        self.check()

    def check(self) -> None:
        """Fail where anything was lost, invented, or repeated under another id."""
        assert self.told() == self.expected
        assert self.receiver.rejected == []
        bodies = {one.id: one.body for one in self.receiver.received}
        assert len(bodies) == len(self.expected)
        assert all(bodies[one.id] == one.body for one in self.receiver.received)
        assert self.rows("PRAGMA integrity_check") == [("ok",)]
        assert self.rows("PRAGMA foreign_key_check") == []
        delivered = self.rows("SELECT state, COUNT(*) FROM deliveries GROUP BY state")
        assert delivered == [("delivered", len(self.expected))]
        untold = self.rows(
            "SELECT id FROM events WHERE seq NOT IN (SELECT event_seq FROM deliveries)"
        )
        assert untold == []
        for process in self.program.processes:
            assert "Traceback" not in process.out + process.err

    @property
    def repeats(self) -> int:
        """How many requests repeated an event that had been taken."""
        return sum(Counter(one.id for one in self.receiver.received).values()) - len(
            self.expected
        )


@asynccontextmanager
async def site(folder: Path, *, leads: int = 200, **settings: str) -> AsyncIterator[CrashSite]:
    """Set up what is told of every new and changed lead; nothing runs yet."""
    async with usual_site(folder, RULES, settings, leads=leads) as found:
        yield CrashSite(
            world=found.world,
            simulator=found.simulator,
            receiver=found.receiver,
            program=found.program,
        )
