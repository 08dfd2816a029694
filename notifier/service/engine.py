"""Pollers and lanes for one set of rules; a reload puts a new engine in its place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from notifier.configuration.destinations import build_destinations, limits
from notifier.configuration.load import Configuration
from notifier.core.leases import CLICKS, LANE, Lease, name_of
from notifier.dispatcher import STOP_WITHIN_S, Dispatcher
from notifier.dispatcher.context import LaneContext
from notifier.poller.listing import ListingKey
from notifier.poller.source import SourcePoller
from notifier.service.shared import Shared, things_of
from notifier.service.take_over import current_lead_of, take_over
from notifier.service.workers import WorkerFactory
from notifier.store import due_times, signing


class Worker(Protocol):
    """What works by one lease: a poller, a lane, the upkeep."""

    async def run(self) -> None:
        """Work until stopped; what is in flight is finished first."""
        ...

    def stop(self) -> None:
        """Begin nothing more."""
        ...

    def abandon(self) -> None:
        """Leave also what is in flight."""
        ...


class Engine:
    """Runs until stopped; made by :func:`engine`. ``things`` is what it can work on."""

    def __init__(
        self, things: frozenset[str], dispatcher: Dispatcher, make: Callable[[Lease], Worker]
    ) -> None:
        self.things = things
        self.dispatcher = dispatcher
        self._make = make
        self._workers: dict[Lease, Worker] = {}
        self._pollers: dict[str, SourcePoller] = {}  # also those that have ended
        self._pokes: set[str | None] = set()  # that came before anything polled
        self._tasks: asyncio.TaskGroup | None = None
        self._stopping = asyncio.Event()
        self._ended: Callable[[], None] = lambda: None

    async def run(self, held: Iterable[Lease], ended: Callable[[], None]) -> None:
        """Work until :meth:`stop`; what is in flight is finished first.

        ``ended`` hears when something has, by its lease.
        """
        self._ended = ended
        async with asyncio.TaskGroup() as self._tasks:
            for lease in held:
                self.begin(lease)
            self._pokes.clear()
            await self._stopping.wait()

    def begin(self, lease: Lease) -> None:
        """Work by this lease from now on; clicks are heeded beside the engine."""
        tasks, is_known = self._tasks, lease.thing in self.things - {CLICKS}
        if tasks is None or lease in self._workers or self._stopping.is_set() or not is_known:
            return
        task = tasks.create_task(self._open(lease).run())
        task.add_done_callback(lambda _: self._close(lease))

    def at_work(self) -> set[Lease]:
        """Return the leases by which something still goes on."""
        return set(self._workers)

    def end(self, lease: Lease) -> None:
        """Finish what is in flight by this lease, in a while whatever is left of it."""
        if worker := self._workers.get(lease):
            worker.stop()
            asyncio.get_running_loop().call_later(STOP_WITHIN_S, worker.abandon)

    def drop(self) -> None:
        """Leave everything at once, in flight or not: it may be somebody else's."""
        for worker in self._workers.values():
            worker.stop()
            worker.abandon()

    async def poll(self, held: Iterable[Lease]) -> bool:
        """Make the walks that are due; False if a source failed."""
        for lease in held:
            if lease.thing in self.things - {CLICKS}:
                self._open(lease)
        async with asyncio.TaskGroup() as tasks:
            polls = [tasks.create_task(one.once()) for one in self._pollers.values()]
        return all(poll.result() for poll in polls)

    @property
    def sources(self) -> int:
        """How many sources it polls."""
        return sum(isinstance(one, SourcePoller) for one in self._workers.values())

    def poke(self, source: str | None) -> None:
        """Make head polls due at once: of the source of that name, or of all."""
        if self._tasks is None:
            self._pokes.add(source)
        for poller in self._pollers.values():
            if source in (None, poller.name):
                poller.poke()

    def poke_thing(self, thing: str) -> None:
        """Make head polls due at once of the source that is this thing."""
        if poller := self._pollers.get(thing):
            poller.poke()

    def stop(self) -> None:
        """Ask for no more pages and claim no more deliveries."""
        self._stopping.set()
        for lease in self._workers:
            self.end(lease)

    async def wake_due(self, shared: Shared) -> None:
        """Wake the lanes for which somebody else has made something due."""
        names = [name for one in self._workers if (name := name_of(one.thing, LANE))]
        if names:
            now_ms = shared.clocks.now_ms()
            read = shared.store.read
            self.dispatcher.wake(await read(due_times.with_work, names, now_ms=now_ms))

    def rhythm(self) -> dict[ListingKey, int]:
        """Return when each listing's head polls are due, for the engine that comes next."""
        pollers = self._pollers.values()
        return {key: ms for poller in pollers for key, ms in poller.rhythm().items()}

    def _open(self, lease: Lease) -> Worker:
        worker = self._workers[lease] = self._make(lease)
        if isinstance(worker, SourcePoller):
            self._pollers[lease.thing] = worker
            if self._pokes & {None, worker.name}:
                worker.poke()
        return worker

    def _close(self, lease: Lease) -> None:
        self.dispatcher.remove(self._workers.pop(lease))
        self._ended()


@asynccontextmanager
async def engine(
    shared: Shared, config: Configuration, *, before: Engine | None = None
) -> AsyncIterator[Engine]:
    """Build what pollers and lanes need; what an earlier engine left in flight is due at once.

    Listings that the engine ``before`` polled are polled on at their old distances.
    """
    rules, clocks = config.ruleset, shared.clocks
    async with AsyncExitStack() as stack:
        destinations = build_destinations(
            shared.settings,
            rules,
            now=clocks.now,
            out=shared.out,
            button_secret=await _button_secret(shared),
        )
        for destination in destinations.values():
            stack.push_async_callback(destination.aclose)
        current_lead = current_lead_of(config)
        me = shared.members.id if shared.members else None
        await shared.store.run(
            take_over, config, current_lead, member=me, now_ms=clocks.now_ms()
        )
        dispatcher = Dispatcher(destinations, limits(rules))
        lane_tools = LaneContext(
            store=shared.store,
            rules=lambda: rules,
            current_lead=current_lead,
            now_ms=clocks.now_ms,
            jitter=clocks.jitter,
            wake=dispatcher.wake,
            observe=shared.observe,
        )
        # As late as this: somebody may have poked meanwhile.
        rhythm = before.rhythm() if before else {}
        del before  # it remembers every id of a walk that was under way
        workers = WorkerFactory(shared, config, dispatcher, lane_tools, rhythm)
        yield Engine(things_of(config), dispatcher, workers.make)


async def _button_secret(shared: Shared) -> bytes | None:
    if shared.settings.slack_app_token is None:
        return None
    return await shared.store.run(signing.secret, signing.BUTTONS)
