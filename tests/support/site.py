"""A program between a world that changes and receivers of its alerts, all on loopback."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notifier.simulator.server import Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World
from support.databases import Database
from support.program import Process, Program
from support.receivers import Receiver

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
