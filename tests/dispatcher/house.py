"""The dispatcher over a database file: real lanes, a wall clock that is set by hand.

The loop's own time is real, or virtual with fakes; retries, probes and ages go
by the wall clock, which :meth:`House.pass_` moves.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from notifier.configuration.destinations import build_destinations, limits
from notifier.configuration.settings import Settings
from notifier.core.destination_state import DestinationState
from notifier.core.records import LEAD, Lead, Source
from notifier.core.rows import iso_ms
from notifier.destinations.base import Destination
from notifier.dispatcher import Dispatcher
from notifier.dispatcher.context import LaneContext
from notifier.rehearsal.row import row_of
from notifier.rules.model import Ruleset
from notifier.store import destinations as stored
from notifier.store import listings, outbox
from notifier.store.db import Store
from notifier.store.session import Session
from notifier.transactions.leads import current_lead
from notifier.transactions.turn import Turn
from support.databases import Database
from support.polls import poll
from support.rules import ruleset

MONDAY_10 = datetime(2026, 3, 2, 10, tzinfo=UTC)
WEBSITE = Source(name="website", bot_id="b1", customer_id="c1")
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"
PATIENCE_S = 20.0


@dataclass(slots=True, kw_only=True)
class House:
    """Everything below the poller; ``now`` is the wall clock."""

    store: Store
    rules: Ruleset
    dispatcher: Dispatcher
    now: datetime = MONDAY_10
    turns: list[tuple[str, Turn]] = field(default_factory=list)
    _turned: asyncio.Condition = field(default_factory=asyncio.Condition)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)

    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    async def read(self, *leads: Mapping[str, Any]) -> None:
        """Let a head poll find these leads, and wake who has work."""
        committed = await self.store.run(
            poll,
            [row_of(one) for one in leads],
            source=WEBSITE,
            rules=self.rules,
            at=self.now,
        )
        self.dispatcher.wake(committed.written.destinations)
        self.dispatcher.refresh(committed.saved)

    async def create(self, *names: str) -> None:
        """Let new leads appear, all on one page."""
        await self.read(*(lead(name) for name in names))

    def pass_(self, **duration: float) -> None:
        """Let time pass on the wall clock."""
        self.now += timedelta(**duration)
        self.dispatcher.wake_all()

    def current_lead(self, db: Session, key: str) -> Lead | None:
        return current_lead(db, key, {WEBSITE.bot_id: WEBSITE}, self.rules)

    def turned(self, name: str, turn: Turn) -> None:
        """Hear of a turn, as the metrics do."""
        self.turns.append((name, turn))
        task = asyncio.get_running_loop().create_task(self._tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def until(self, query: str, *expected: object) -> None:
        """Return once a query's only row is as expected; looked at after every turn."""
        await self._until(query, [expected])

    async def _until(self, query: str, expected: list[tuple[object, ...]]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S), self._turned:
                while (found := await self.rows(query)) != expected:
                    await self._turned.wait()
        except TimeoutError:
            raise AssertionError(f"{query}: {found}, expected {expected}") from None

    async def states(self, destination: str, **counts: int) -> None:
        """Return once the destination's deliveries are in these states."""
        await self._until(
            "SELECT state, COUNT(*) FROM deliveries"
            f" WHERE destination = '{destination}' GROUP BY state ORDER BY state",
            sorted(counts.items()),
        )

    async def each(self, states: str) -> None:
        """Return once the deliveries are in these states, in their order."""
        await self._until(
            "SELECT state FROM deliveries ORDER BY id", [(one,) for one in states.split()]
        )

    async def stands(self, destination: str, state: str) -> None:
        """Return once the destination is up, failing, parked or disabled."""
        await self.until(f"SELECT state FROM destinations WHERE name = '{destination}'", state)

    async def one(self, query: str) -> tuple[object, ...]:
        return tuple(await self.store.read(lambda db: db.execute(query).fetchone()) or ())

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = await self.store.read(
            lambda db: db.execute(query).fetchall()
        )
        return found

    async def _tell(self) -> None:
        async with self._turned:
            self._turned.notify_all()


def lead(name: str, **fields: Any) -> dict[str, Any]:
    """Return the fields of an open lead called ``name``."""
    usual = {"id": name, "name": name, "status": "OPEN", "created_at": iso_ms(MONDAY_10)}
    return {**usual, "updated_at": iso_ms(MONDAY_10), **fields}


@asynccontextmanager
async def house(
    database: Database,
    rules: str,
    *,
    fakes: Iterable[Destination] = (),
    settings: Settings | None = None,
    running: bool = True,
    store: type[Store] = Store,
) -> AsyncIterator[House]:
    """Run the lanes of ``rules``, with ``fakes`` in the place of those of their names."""
    found = ruleset(rules)
    opened_store = store(database.engine)
    # Receivers check how old a signature is: those are dated by the real clock.
    built = build_destinations(
        settings or Settings(), found, now=lambda: datetime.now(UTC), out=sys.stdout
    ) | {fake.name: fake for fake in fakes}
    dispatcher = Dispatcher(built, limits(found))
    opened = House(store=opened_store, rules=found, dispatcher=dispatcher)
    tools = LaneContext(
        store=opened_store,
        rules=lambda: found,
        current_lead=opened.current_lead,
        now_ms=opened.now_ms,
        jitter=lambda: 0.0,
        wake=dispatcher.wake,
        observe=opened.turned,
    )
    dispatcher.open(tools)
    await opened_store.run(_prepared, opened.now_ms())
    delivering = asyncio.create_task(dispatcher.run()) if running else None
    try:
        yield opened
    finally:
        dispatcher.stop()
        if delivering:
            await delivering
        for destination in built.values():
            await destination.aclose()
        opened_store.close()


def enable(db: Session, name: str) -> None:
    """Do what `notifier destinations enable` does."""
    stored.set_state(db, name, DestinationState())


def _prepared(db: Session, now_ms: int) -> None:
    listings.state(db, WEBSITE.bot_id, LEAD)
    listings.finish_full_walk(db, WEBSITE.bot_id, LEAD, at_ms=now_ms, pages=1)
    outbox.release_all(db, now_ms=now_ms)
