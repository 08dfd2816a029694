"""A poller on a real database and a simulated upstream, in virtual time and on one thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Concatenate, ParamSpec, TypeVar

from pydantic import SecretStr

from notifier.core.events import Event, decode
from notifier.core.records import LEAD, Source
from notifier.core.rows import Row
from notifier.errors import BusyError, UpstreamError
from notifier.poller.context import PollerContext
from notifier.poller.heads import first_polls
from notifier.poller.listing import Intervals, ListingKey, ListingWalks
from notifier.poller.source import SourcePoller
from notifier.rules.model import Ruleset
from notifier.simulator.answers import listed
from notifier.simulator.listing import Order
from notifier.simulator.world import BOT_ID, CUSTOMER_ID, World
from notifier.store import sources
from notifier.store.session import Session
from notifier.transactions import polls
from notifier.upstream.budget import PAGES_AT_ONCE, Budget
from notifier.upstream.client import Listing
from notifier.upstream.page import Page, parse_page
from support.databases import Database, plan_once
from support.virtual_time import VirtualLoop

Committed = Callable[..., None]
"""Is told of each transaction: its function, what that returned, and its arguments."""

P = ParamSpec("P")
T = TypeVar("T")

BEGIN = datetime(2026, 3, 2, 10, tzinfo=UTC)
REQUEST_S = 0.05
TIMEOUT_S = 20
TOKEN = SecretStr("token")
CLEAN_AFTER = 500
NO_RHYTHM: Mapping[ListingKey, int] = {}


class Crash(BaseException):
    """The process died, just before or just after a commit."""


class InlineStore:
    """Runs each transaction at once: a thread would let virtual time run away.

    ``crash_in`` is the number of transactions that still succeed; then the one
    that follows is rolled back, or committed and never heard of. ``faults`` meet the
    next ones before they begin, ``late_faults`` at their end: they are rolled back.
    """

    def __init__(self, database: Database) -> None:
        self.db = database.open()
        self._is_file = database.is_file
        if self._is_file:
            self.db.execute("PRAGMA synchronous=OFF")
        else:
            plan_once(self.db)
        self._ran = 0
        self.crash_in: int | None = None
        self.crash_commits = False
        self.faults: deque[Exception] = deque()
        self.late_faults: deque[Exception] = deque()
        self.refuses: Callable[[object], bool] = lambda _function: False
        self.committed: Committed = lambda *_: None

    async def run(
        self,
        function: Callable[Concatenate[Session, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        await asyncio.sleep(0)
        if self.faults:
            raise self.faults.popleft()
        if self.refuses(function):
            raise BusyError("the disk is full")
        dies = self.crash_in == 0
        if self.crash_in is not None:
            self.crash_in -= 1
        self._clean()
        with self.db.transaction():
            result = function(self.db, *args, **kwargs)
            if dies and not self.crash_commits:
                raise Crash
            if self.late_faults:
                raise self.late_faults.popleft()
        self.committed(function, result, *args)
        if dies:
            raise Crash
        return result

    def _clean(self) -> None:
        """Do now and then what a server does each minute, of which virtual time leaves none."""
        self._ran += 1
        if self._ran % CLEAN_AFTER == 0 and not self._is_file:
            self.db.execute("VACUUM requests, sources, listings, records")

    async def claim(self, token_key: str, now_ms: int, limit: int) -> int:
        return await self.run(sources.grant, token_key, limit=limit, now_ms=now_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request: its virtual time, the listing and the page."""

    at_s: float
    bot_id: str
    listing_type: str
    number: int


@dataclass(slots=True, kw_only=True)
class WorldPages:
    """Serves a world's pages as the client would, without a socket.

    ``faults`` meet the next requests, those of a bot that ``hangs`` are never
    answered, ``before_page`` may change the world just
    before a page is put together, ``served`` sees what a page brought.
    """

    world: World
    size: int
    clamped: bool = False
    faults: deque[Exception | None] = field(default_factory=deque)
    fault: Callable[[int, str], UpstreamError | None] = lambda _number, _type: None
    hangs: Callable[[str], bool] = lambda _bot_id: False
    before_page: Callable[[int, str], None] = lambda _number, _type: None
    change_rows: Callable[[list[Row]], list[Row]] = lambda rows: rows
    served: Callable[[str, Page], None] = lambda _type, _page: None
    asked: list[Asked] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)

    async def page(self, listing: Listing, number: int) -> Page:
        bot_id, listing_type = listing.source.bot_id, listing.listing_type
        assert bot_id not in self.under_way, "two requests of one source at once"
        self.under_way.add(bot_id)
        try:
            return await self._page(bot_id, listing_type, number)
        finally:
            self.under_way.discard(bot_id)

    async def _page(self, bot_id: str, listing_type: str, number: int) -> Page:
        now_s = asyncio.get_running_loop().time()
        self.asked.append(
            Asked(at_s=now_s, bot_id=bot_id, listing_type=listing_type, number=number)
        )
        await asyncio.sleep(REQUEST_S)
        if self.hangs(bot_id):
            await asyncio.sleep(TIMEOUT_S)
            raise UpstreamError("BotPenguin did not answer in full within 20 s")
        fault = self.faults.popleft() if self.faults else self.fault(number, listing_type)
        if fault is not None:
            raise fault
        self.before_page(number, listing_type)
        rows = self.world.page(number, size=self.size, listing_type=listing_type, bot_id=bot_id)
        if self.clamped and not rows and number > 1:
            last = -(-len(self.world.ids(listing_type, bot_id=bot_id)) // self.size)
            rows = self.world.page(
                max(last, 1), size=self.size, listing_type=listing_type, bot_id=bot_id
            )
        body = listed(self.change_rows(rows)).body
        page = parse_page(body, served_at=self.world.clock())
        self.served(listing_type, page)
        return page


class House:
    """A world, a database and the poller between them; :meth:`close` it at the end."""

    def __init__(
        self,
        database: Database,
        *,
        page_size: int = 3,
        order: Order = Order.UPDATED_DESC,
        types: Sequence[str] = (LEAD,),
        bots: Sequence[str] = (BOT_ID,),
        first_run: timedelta | None = timedelta(0),
        head_s: float = 15,
        sweep_s: float = 6 * 3600,
        max_pages: int = 10_000,
        limit: int = 90,
        seed: int = 1,
        rules: Ruleset | None = None,
    ) -> None:
        self.loop = VirtualLoop()
        self.rules = rules or Ruleset()
        self.clock_step = timedelta(0)
        self.world = World(
            clock=self.upstream_now,
            seed=seed,
            order=order,
            bots=dict.fromkeys(bots, CUSTOMER_ID),
        )
        self.pages = WorldPages(world=self.world, size=page_size)
        self.store = InlineStore(database)
        self.types = tuple(types)
        self.intervals = Intervals(
            head_ms=int(head_s * 1000),
            sweep_ms=int(sweep_s * 1000),
            first_run=first_run,
            max_pages=max_pages,
        )
        self.limit = limit
        self.slots = asyncio.Semaphore(PAGES_AT_ONCE)
        self.pollers: list[SourcePoller] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.wakes: Callable[[set[str]], None] = lambda _names: None

    def wake(self, names: set[str]) -> None:
        self.wakes(names)

    def now(self) -> datetime:
        """Return the host's clock, which ``clock_step`` may have set."""
        return self.upstream_now() + self.clock_step

    def upstream_now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.loop.time())

    def clock_ms(self) -> int:
        return round(self.loop.time() * 1000)

    def made(self, rhythm: Mapping[ListingKey, int] = NO_RHYTHM) -> list[SourcePoller]:
        """Return new pollers, one a bot, that share the token's budget.

        ``rhythm`` is what earlier ones leave behind at a reload.
        """
        budget = Budget(
            self.store,
            key="token",
            limit=self.limit,
            clock_ms=self.clock_ms,
            slots=self.slots,
        )
        context = PollerContext(
            store=self.store,
            client=self.pages,
            budget=lambda _token: budget,
            rules=self.rules,
            now=self.now,
            clock_ms=self.clock_ms,
            jitter=lambda: 0.0,
            wake=self.wake,
        )
        bots, head_ms = list(self.world.bots), self.intervals.head_ms
        first_ms = first_polls(len(bots), now_ms=self.clock_ms(), interval_ms=head_ms)
        return [
            SourcePoller(self._listings(bot_id, begin_ms, rhythm), context, begin_ms=begin_ms)
            for bot_id, begin_ms in zip(bots, first_ms, strict=True)
        ]

    def _listings(
        self, bot_id: str, begin_ms: int, rhythm: Mapping[ListingKey, int]
    ) -> list[ListingWalks]:
        source = Source(name=f"bot-{bot_id[-4:]}", bot_id=bot_id, customer_id=CUSTOMER_ID)
        return [
            ListingWalks(
                listing=Listing(source=source, listing_type=listing_type, token=TOKEN),
                intervals=self.intervals,
                head_due_ms=rhythm.get((bot_id, listing_type), begin_ms),
            )
            for listing_type in self.types
        ]

    def poll(self, seconds: float) -> None:
        """Let so much time pass, with the pollers running."""
        if not self.tasks:
            self.start()
        self.loop.run_until_complete(asyncio.sleep(seconds))
        for task in self.tasks:
            if task.done():
                task.result()

    def away(self, seconds: float) -> None:
        """Let time pass with no process running."""
        assert not self.tasks
        self.loop.skip(seconds)

    def start(self, rhythm: Mapping[ListingKey, int] = NO_RHYTHM) -> None:
        self.pollers = self.made(rhythm)
        self.tasks = [self.loop.create_task(poller.run()) for poller in self.pollers]

    def once(self) -> bool:
        """Make one round, as the command does."""

        async def rounds() -> list[bool]:
            return await asyncio.gather(*(poller.once() for poller in self.made()))

        return all(self.loop.run_until_complete(rounds()))

    def stop(self) -> None:
        """End the pollers as a SIGTERM does."""

        async def stopped() -> None:
            for poller in self.pollers:
                poller.stop()
            await asyncio.gather(*self.tasks)

        self.loop.run_until_complete(stopped())
        self.tasks = []

    def reload(self) -> None:
        """End the pollers, and let others go on as the engine does at a SIGHUP."""
        self.stop()
        self.start({key: ms for one in self.pollers for key, ms in one.rhythm().items()})

    def kill(self) -> None:
        """End the pollers as a SIGKILL does: all that is left is the database."""
        tasks, self.tasks = self.tasks, []
        self.store.crash_in = None

        async def killed() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.loop.run_until_complete(killed())

    def close(self) -> None:
        self.kill()
        self.loop.close()
        self.store.db.close()

    def events(self, *, skip: int = 0) -> list[Event]:
        """Return the stored events but for the first ``skip``, oldest first."""
        rows = self.store.db.execute("SELECT body FROM events ORDER BY seq").fetchall()
        return [decode(body.encode()) for (body,) in rows[skip:]]

    def told(self) -> list[tuple[str, str]]:
        """Return the stored events' types and subjects."""
        return [(event.type.value, event.subject) for event in self.events()]

    def requests(self, *, since_s: float = 0) -> list[tuple[str, int]]:
        """Return type and page of each request since that time."""
        return [
            (one.listing_type, one.number) for one in self.pages.asked if one.at_s >= since_s
        ]

    def value(self, statement: str) -> object:
        """Return the single value that a SELECT finds."""
        found: tuple[object, ...] = self.store.db.execute(statement).fetchone()
        return found[0]


Build = Callable[..., House]
"""Makes a house on a test's database; made again, it finds what was left there."""


def houses(database: Database) -> Iterator[Build]:
    """Yield what makes houses, and close them all: the body of a fixture."""
    made: list[House] = []

    def build(**options: Any) -> House:
        made.append(House(database, **options))
        return made[-1]

    yield build
    for house in made:
        house.close()


def is_commit(function: object) -> bool:
    """Whether this was a transaction that commits a page."""
    return function in (polls.commit, polls.commit_head)
