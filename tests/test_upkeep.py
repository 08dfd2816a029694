"""The upkeep beside polling and delivering, on a real database."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from notifier.clocks import Clocks
from notifier.core.event_types import EventType
from notifier.core.events import operation
from notifier.service import housekeeping as upkeep
from notifier.store import events, mutes, sources
from notifier.store.db import Store
from notifier.store.health import MuteTarget
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY_MS = 86_400_000


async def test_what_a_command_writes_is_noticed(tmp_path: Path) -> None:
    store = Store(Sqlite(tmp_path / "notifier.db"))
    noticed = asyncio.Event()

    async def changed() -> None:
        noticed.set()

    watching = asyncio.create_task(upkeep.watch(store, changed))
    command = Sqlite(tmp_path / "notifier.db").open()
    try:
        async with asyncio.timeout(20):
            until_ms = 1
            while not noticed.is_set():
                until_ms += 1
                with command.transaction():
                    mutes.mute(command, MuteTarget.RULE, "New lead", until_ms=until_ms)
                await asyncio.sleep(0)
    finally:
        watching.cancel()
        command.close()
        store.close()


async def test_events_and_bad_records_older_than_the_retention_are_pruned(
    tmp_path: Path,
) -> None:
    store = Store(Sqlite(tmp_path / "notifier.db"))
    old = operation(EventType.SOURCE_DOWN, "old", at=LONG_AGO, reason="gone")
    new = operation(EventType.SOURCE_DOWN, "new", at=NOW, reason="here")
    for event, moment in ((old, LONG_AGO), (new, NOW)):
        at_ms = int(moment.timestamp() * 1000)
        await store.run(events.add, [event], bot_id=None, observed_ms=at_ms)
        bad = [(str(at_ms).encode(), event.id)]
        await store.run(sources.quarantine, "bot", "lead", bad, at_ms=at_ms)
    await upkeep.prune(store, Clocks(now=lambda: NOW), keep_ms=90 * DAY_MS)
    assert await store.run(_stored) == [new.id]
    assert await store.run(_quarantined) == [new.id]
    store.close()


def _stored(db: Session) -> list[str]:
    return [found for (found,) in db.execute("SELECT id FROM events ORDER BY seq")]


def _quarantined(db: Session) -> list[str]:
    return [found for (found,) in db.execute("SELECT reason FROM quarantine")]
