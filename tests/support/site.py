"""A program between a world that changes and receivers of its alerts, all on loopback.

::

    async with site(tmp_path, RULES) as found, found.program.running("run") as process:
        await found.polled(process)
        found.world.create(name="Asha")
        await process.until(found.receiver.arrived(1))
"""

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from notifier.simulator.server import Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World
from support.databases import Database
from support.program import Process, Program
from support.receivers import Receiver

TOKEN = "token-of-the-tests"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
STARTED = '"event": "started"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The program with what stands around it."""

    world: World
    simulator: Simulator
    receiver: Receiver
    program: Program
    kept: Database | None = None

    @property
    def database(self) -> Path:
        return self.program.folder / "notifier.db"

    async def polled(self, process: Process) -> None:
        """Return once the process polls, and whatever happened before now is committed.

        One look may be under way and the next is then the first to see it; only
        when a third begins has the second been committed.
        """
        await process.says(STARTED)
        log = self.simulator.requests
        begun = log.total
        while sum(request.page == "1" for request in log.all()[begun:]) < 3:
            await process.until(log.reached(log.total + 1))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in the database."""
        if self.kept is not None:
            return list(self.kept.rows(query))
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()


def environment(upstream_url: str, token: str, **settings: str) -> dict[str, str]:
    """Return the variables without which nothing is polled, and ``settings``."""
    return {
        "NOTIFIER_BASE_URL": upstream_url,
        "NOTIFIER_TOKEN": token,
        "NOTIFIER_BOT_ID": BOT_ID,
        "NOTIFIER_CUSTOMER_ID": CUSTOMER_ID,
        "NOTIFIER_RULES": "rules.yaml",
        **settings,
    }


@asynccontextmanager
async def site(
    folder: Path, rules: str, settings: Mapping[str, str] | None = None, *, leads: int = 5
) -> AsyncIterator[Site]:
    """Set up the world, the receiver and the program, which polls often; nothing runs yet.

    ``rules`` may send to ``${CRM_URL}`` with ``${CRM_SECRET}``, and ``settings`` are more of
    the environment's variables.
    """
    world = World(clock=lambda: datetime.now(UTC))
    world.populate(leads)
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    async with (
        Simulator(world, token=TOKEN, per_minute=None) as simulator,
        Receiver(SECRET) as receiver,
    ):
        known = environment(
            simulator.url,
            TOKEN,
            NOTIFIER_POLL_INTERVAL="100ms",
            NOTIFIER_RATE_LIMIT="60000",
            NOTIFIER_LOG_FORMAT="json",
            CRM_URL=receiver.url,
            CRM_SECRET=SECRET,
        )
        yield Site(
            world=world,
            simulator=simulator,
            receiver=receiver,
            program=Program(folder, {**known, **(settings or {})}, is_forked=True),
        )
