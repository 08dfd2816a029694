"""Killed again and again under load: nothing is lost, and repeats can be told apart.

``NOTIFIER_KILLS=200`` makes it thorough; a few will do for every push.
"""

import os
from collections.abc import Callable
from pathlib import Path

from crash_site import Site, site

from support.program import Process

KILLS = int(os.environ.get("NOTIFIER_KILLS", "8"))
CLAIMED = 31  # at most: sixteen in flight, fifteen claimed ahead


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


async def _moment(found: Site, process: Process, number: int) -> None:
    """Wait for the moment of a kill: while a page is read, or messages are sent."""
    if number % 4 == 3:
        await process.says('"event": "started"')
        await found.simulator.requests.reached(found.simulator.requests.total + number % 5)
        return
    # More than are claimed at once: what was cut off before has its turn each time.
    await found.receiver.arrived(len(found.receiver.requests) + CLAIMED + 17 + number % 37)
