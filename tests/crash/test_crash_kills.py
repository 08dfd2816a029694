"""Killed again and again under load: nothing is lost, and repeats can be told apart.

``NOTIFIER_KILLS=200`` makes it thorough; a few will do for every push.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from crash_site import CrashSite, site

from support.program import Process

KILLS = int(os.environ.get("NOTIFIER_KILLS", "5"))
CLAIMED = 16  # at most, of a webhook destination


async def test_what_is_killed_under_load_loses_nothing(
    tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    async with site(tmp_path, leads=KILLS * 50) as found:
        await found.begin()
        for number in range(KILLS):
            async with found.program.running("run") as process:
                found.happen(100)
                await process.until(_moment(found, process, number))
                await process.kill()
            assert found.rows("PRAGMA quick_check") == [("ok",)]
        found.happen(10)
        await found.comes_to_rest()
        assert 0 <= found.repeats <= KILLS * CLAIMED
        record_testsuite_property("kills", KILLS)
        record_testsuite_property("events", len(found.expected))
        record_testsuite_property("repeats", found.repeats)


POISONS = (
    "BEFORE UPDATE ON deliveries WHEN NEW.state = 'delivered' AND NEW.id % 7 = 3",
    "BEFORE INSERT ON records WHEN (SELECT COUNT(*) FROM records) % 5 = 3",
    "BEFORE INSERT ON events WHEN (SELECT COUNT(*) FROM events) % 5 = 3",
)
"""What fails in the database, each as an error that nothing expects."""


@pytest.mark.parametrize("poison", POISONS)
async def test_whatever_a_transaction_raises_the_service_goes_on(
    tmp_path: Path, poison: str
) -> None:
    async with site(tmp_path, leads=40) as found:
        await found.begin()
        with closing(sqlite3.connect(found.database)) as db:
            db.execute(
                f"CREATE TRIGGER poison {poison} BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
        async with found.program.running("run") as process:
            found.happen(20)
            await process.says("_crashed")
            await process.until(found.receiver.arrived(1))
            assert await process.stop() == 0
        with closing(sqlite3.connect(found.database)) as db:
            db.execute("DROP TRIGGER poison")
            db.execute("UPDATE deliveries SET due_ms = 0 WHERE state = 'pending'")
            db.commit()
        async with found.program.running("run") as process:
            while found.told() != found.expected:
                await process.until(found.receiver.arrived(len(found.receiver.requests) + 1))
            await found.polled(process)
            assert await process.stop() == 0
        assert found.repeats == 0
        assert {one for (one,) in found.rows("SELECT DISTINCT state FROM deliveries")} <= {
            "delivered",
            "dead",
        }


async def _moment(found: CrashSite, process: Process, number: int) -> None:
    """Wait for the moment of a kill: while a page is read, or messages are sent."""
    if number % 4 == 3:
        await process.says('"event": "started"')
        await found.simulator.requests.reached(found.simulator.requests.total + number % 5)
        return
    # More than are claimed at once: what was cut off before has its turn each time.
    await found.receiver.arrived(len(found.receiver.requests) + CLAIMED + 17 + number % 37)
