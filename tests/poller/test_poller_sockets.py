"""The poller as it is shipped: real sockets, the real client, the database's own thread."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Concatenate, ParamSpec, TypeVar

import pytest
from poller_model import Model, as_told
from pydantic import SecretStr

from notifier.core.events import Event, decode
from notifier.core.records import LEAD, NON_LEAD, Source
from notifier.poller.context import PollerContext
from notifier.poller.listing import Intervals, ListingWalks
from notifier.poller.source import SourcePoller
from notifier.rules.model import Ruleset
from notifier.simulator.faults import Fault, FaultType
from notifier.simulator.server import TOKEN, Simulator
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World
from notifier.store import sources
from notifier.store.db import Store
from notifier.store.engine import Engine
from notifier.store.session import Session
from notifier.upstream.budget import Budget
from notifier.upstream.client import Client, Listing
from support.databases import Database
from support.virtual_time import now_ms, run

P = ParamSpec("P")
T = TypeVar("T")

SOURCE = Source(name="website", bot_id=BOT_ID, customer_id=CUSTOMER_ID)
HARMLESS = (
    FaultType.BAD_NULL,
    FaultType.BAD_NO_ID,
    FaultType.BAD_NUMBER_ID,
    FaultType.BAD_LONG_ID,
    FaultType.REPEATED_ID,
    FaultType.DUPLICATE_KEYS,
    FaultType.BOM,
)
FAILING = (
    FaultType.STATUS,
    FaultType.SUCCESS_FALSE,
    FaultType.HTML,
    FaultType.EMPTY_BODY,
    FaultType.NULL,
    FaultType.NO_LIST,
    FaultType.TRUNCATED_LENGTH,
    FaultType.TRUNCATED_CHUNK,
    FaultType.TRUNCATED_CLOSE,
    FaultType.RESET,
)


class Watched(Store):
    """The store, with somebody who hears of each transaction that was committed."""

    def __init__(self, engine: Engine, heard: Callable[..., None]) -> None:
        super().__init__(engine)
        self._heard = heard

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        def heard_too(db: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
            # On the database's thread: a task that is killed hears of nothing.
            found = function(db, *args, **kwargs)
            self._heard(function, found, *args)
            return found

        return await super().run(heard_too, *args, **kwargs)

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        return await self.run(sources.grant, token_key, limit=limit, now_ms=now_ms)


@asynccontextmanager
async def polling(
    simulator: Simulator,
    database: Database,
    *,
    heard: Callable[..., None] = lambda *_: None,
    token: str = TOKEN,
    types: tuple[str, ...] = (LEAD, NON_LEAD),
) -> AsyncIterator[SourcePoller]:
    """Run a poller; at the end of the block it is killed."""
    store = Watched(database.engine, heard)
    async with Client(simulator.url, timeout_s=500) as client:
        context = PollerContext(
            store=store,
            client=client,
            budget=lambda _token: Budget(store, key="k", limit=100_000, clock_ms=now_ms),
            rules=Ruleset(),
            now=lambda: datetime.now(UTC),
            clock_ms=now_ms,
            jitter=lambda: 0.0,
            wake=lambda _names: None,
        )
        intervals = Intervals(head_ms=1, sweep_ms=2_000, first_run=timedelta(0))
        listings = [
            ListingWalks(
                listing=Listing(
                    source=SOURCE, listing_type=listing_type, token=SecretStr(token)
                ),
                intervals=intervals,
            )
            for listing_type in types
        ]
        poller = SourcePoller(listings, context)
        running = asyncio.create_task(poller.run())
        try:
            yield poller
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            store.close()


def events(database: Database) -> list[Event]:
    store = Store(database.engine)
    rows = store._session.execute("SELECT body FROM events ORDER BY seq").fetchall()
    store.close()
    return [decode(body.encode()) for (body,) in rows]


@pytest.fixture
def world() -> World:
    return World(clock=lambda: datetime.now(UTC))


def test_a_first_run_of_5000_leads_with_restarts_in_it_is_silent(
    database: Database, world: World
) -> None:
    world.populate(5_000)

    async def main() -> str:
        async with Simulator(world, page_size=100, per_minute=None) as simulator:
            for pages in (15, 40):
                async with polling(simulator, database, types=(LEAD,)):
                    await simulator.requests.reached(pages)
            new = world.create(name="Asha")
            async with polling(simulator, database, types=(LEAD,)):
                await simulator.requests.reached(simulator.requests.total + 60)
            assert simulator.requests.most_at_once == 1
            return new

    new = run(main())
    assert [(one.type, one.subject) for one in events(database)] == [("lead.created", new)]


def test_a_wrong_token_is_told_once_and_its_end_once(database: Database, world: World) -> None:
    world.populate(3)

    async def main() -> None:
        async with Simulator(world, per_minute=None) as simulator:
            for token in ("wrong", "wrong", TOKEN, TOKEN):
                async with polling(simulator, database, token=token):
                    await simulator.requests.reached(simulator.requests.total + 4)

    run(main())
    assert [one.type for one in events(database)] == ["source.down", "source.up"]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_wire_does_every_change_is_told_once(
    database: Database, seed: int
) -> None:
    rng, model = Random(seed), Model()
    world = World(clock=lambda: datetime.now(UTC), seed=seed)
    world.populate(25)
    world.populate(10, listing_type=NON_LEAD)

    async def main() -> None:
        async with Simulator(world, page_size=4, per_minute=None) as simulator:
            for _ in range(8):
                async with polling(simulator, database, heard=model.committed):
                    await stumble(simulator, rng)
            simulator.faults.clear()
            async with polling(simulator, database, heard=model.committed):
                await simulator.requests.reached(simulator.requests.total + 150)
            assert simulator.requests.most_at_once == 1

    run(main())
    assert model.expected
    assert [as_told(one) for one in events(database) if one.data.lead] == model.expected
    for listing_type in (LEAD, NON_LEAD):
        for lead_id in world.ids(listing_type):
            assert model.known[lead_id] == (listing_type, world.row(lead_id))


async def stumble(simulator: Simulator, rng: Random) -> None:
    """Let things happen to the world, and to the requests meanwhile."""
    for _ in range(6):
        happen(simulator.world, rng)
        fault, page = rng.choice((*HARMLESS, *FAILING)), rng.choice((None, 1, 2))
        simulator.faults.arm(Fault(fault_type=fault, page=page))
        await simulator.requests.reached(simulator.requests.total + rng.randint(1, 9))


def happen(world: World, rng: Random) -> None:
    """Let something happen to the world."""
    ids = [*world.ids(), *world.ids(NON_LEAD)]
    lead_id = rng.choice(ids)
    match rng.randrange(6):
        case 0:
            world.create(listing_type=rng.choice((LEAD, NON_LEAD)))
        case 1:
            world.delete(lead_id)
        case 2 if world.ids(NON_LEAD):
            world.convert(rng.choice(world.ids(NON_LEAD)))
        case 3:
            world.say(lead_id, f"text {rng.random()}")
        case _:
            world.change(lead_id, status=f"status {rng.random()}")
