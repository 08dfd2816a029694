"""The running program: what it does until a stop, and how it takes up changed rules."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Any

import structlog

from notifier.cleaning import clean
from notifier.configuration.load import Configuration
from notifier.core.leases import source as source_thing
from notifier.core.rows import iso_ms
from notifier.crashes import keep_doing
from notifier.errors import BusyError, ConfigError, StoreError
from notifier.monitoring.monitor import Monitor, OpenPages
from notifier.service import housekeeping as upkeep
from notifier.service import reporting
from notifier.service.change_watcher import ChangeWatcher
from notifier.service.doors import doors
from notifier.service.engine import Engine, engine
from notifier.service.shared import Shared, things_of
from notifier.service.sharing import EngineWork, role_of
from notifier.store import due_times, service_state
from notifier.threads import in_a_thread
from notifier.upstream.budget import token_key

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Service:
    """The running program; made by :func:`assembled`.

    ``reread`` reads the configuration from disk again, for a reload.
    """

    shared: Shared
    config: Configuration
    reread: Callable[[], Configuration]
    monitor: Monitor
    _engine: Engine | None = None
    _stopping: bool = False
    _is_lost: bool = False
    _reloading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    watcher: ChangeWatcher = field(init=False)

    def __post_init__(self) -> None:
        """Let others' writing be heeded."""
        self.watcher = ChangeWatcher(lambda: self.shared, lambda: self._engine)

    async def run(self) -> None:
        """Poll and deliver until :meth:`stop`, with the newest rules that are right."""
        pages, part = self._pages(), role_of(self.shared.members)
        async with self.monitor.running(self._bots, self._poke, pages, part):
            await self._run_engines()
        log.info("stopped")
        if self._is_lost:
            raise BusyError(
                f"{self.shared.store.engine.name} was deleted or replaced while the service "
                "ran; start it again on the file that is there now"
            )

    async def _run_engines(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            beside: list[asyncio.Task[Any]] = [
                tasks.create_task(keep_doing(duty, name=name, every_s=upkeep.WATCH_S))
                for name, duty in (
                    ("heed commands", self.watcher.watch),
                    ("guard the database", self._guard),
                    *doors(self),
                )
            ]
            if members := self.shared.members:
                beside.append(tasks.create_task(members.run(self._work())))
            while not self._stopping:
                await self._run_or_wait()
            if members:
                await members.leave()
            for task in beside:
                task.cancel()

    def _work(self) -> EngineWork:
        return EngineWork(lambda: self._engine, lambda: self.config, self.shared.budget)

    async def _run_or_wait(self) -> None:
        """Run with the present rules; a server that is away for a while is waited for."""
        try:
            await self._run_engine()
        except (StoreError, BusyError) as error:
            if self.shared.members is None:
                raise
            log.warning("database_awaited", error=str(error))
            await asyncio.sleep(upkeep.WATCH_S)

    async def _run_engine(self) -> None:
        """Run with the present rules, until a stop or a reload."""
        config = self.config
        async with engine(self.shared, config, before=self._engine) as self._engine:
            await self._note_rules(refused=None)
            await self.watcher.begin()
            self.monitor.systemd.ready()
            members, held = self.shared.members, self.shared.held(self._engine.things)
            log.info("started", sources=len(config.sources))
            # A signal may have come while the engine was built.
            if not self._stopping and self.config is config:
                await self._engine.run(held, members.wake if members else _nothing)

    async def once(self) -> bool:
        """Make the walks that are due, deliver what is due; False if any of it failed."""
        shared = self.shared
        async with self._taking_part(), engine(shared, self.config) as self._engine:
            await self._note_rules(refused=None)
            held = shared.held(self._engine.things)
            polled = await self._engine.poll(held)
            reported = await reporting.make_once(shared, self.config, held)
            await self._engine.dispatcher.drain()
        is_all = {one.thing for one in held} >= things_of(self.config)
        if polled and is_all:
            await self.monitor.round_completed()
        now_ms = shared.clocks.now_ms()
        # What others work on is left to them.
        left = await shared.store.run(due_times.overdue, now_ms=now_ms) if is_all else 0
        if left:
            log.warning("deliveries_left", count=left)
        return polled and reported and not left

    async def poll(self) -> bool:
        """Make the walks that are due and deliver nothing; False if a source failed."""
        async with engine(self.shared, self.config) as built:
            return await built.poll(self.shared.held(built.things))

    @asynccontextmanager
    async def _taking_part(self) -> AsyncIterator[None]:
        """Hold what nobody else does, for the block."""
        members = self.shared.members
        if members is None:
            yield
            return
        await members.join(things_of(self.config))
        taking_part = asyncio.create_task(members.run(self._work()))
        try:
            yield
        finally:
            await members.leave()
            taking_part.cancel()

    def stop(self) -> None:
        """End :meth:`run`: no more pages, no more claims."""
        log.info("stopping")
        self.monitor.systemd.stopping()
        self._stopping = True
        if self.shared.members:
            self.shared.members.stop()
        if self._engine:
            self._engine.stop()

    def reload(self) -> None:
        """Read the rules again; wrong ones are refused, and the old ones stay in force."""
        if len(self._tasks) > 1:
            return  # one that waits for its turn will read what is there then
        task = asyncio.create_task(self._reload())
        self._tasks.add(task)
        task.add_done_callback(self._reloaded)

    def _reloaded(self, task: asyncio.Task[None]) -> None:
        """Put the task away; what it did not expect is told, and the old rules stay."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("reload_crashed", exc_info=error)
            self.monitor.systemd.ready()

    async def _reload(self) -> None:
        async with self._reloading:  # one after the other: the newest is the last
            await self._reload_once()

    async def _reload_once(self) -> None:
        self.monitor.systemd.reloading()
        try:
            self.config = await in_a_thread(self.reread)
        except ConfigError as error:
            # A file's name may hold bytes that are no text.
            log.error("reload_refused", faults=[clean(str(fault)) for fault in error.faults])
            await self._note_refused(clean(str(error)))
            self.monitor.systemd.ready()
            return
        log.info("reloaded", rules=len(self.config.ruleset.rules))
        if self._engine:
            self._engine.stop()

    def _bots(self) -> dict[str, str]:
        return {
            one.source.bot_id: token_key(one.token)
            for one in self.config.sources
            if one.token is not None
        }

    def _poke(self, source: str | None) -> bool:
        """Let the present engine poll at once; False where no such source is polled."""
        if source is not None and source not in {
            one.source.name for one in self.config.sources
        }:
            return False
        if self._engine:  # else it is being built, and polls at once by itself
            self._engine.poke(source)
        if members := self.shared.members:
            members.poke(
                source_thing(one.source.bot_id)
                for one in self.config.sources
                if source in (None, one.source.name)
            )
        return True

    def _pages(self) -> OpenPages | None:
        """Return what opens the page where it has a password; else it is not loaded."""
        if self.shared.settings.web_password is None:
            return None
        pages: OpenPages = resolve_name("notifier.service.pages:pages_of")(self)
        return pages

    async def _note_rules(self, *, refused: str | None) -> None:
        loaded_at = iso_ms(self.shared.clocks.now()) if refused is None else None
        await self.shared.store.run(service_state.rules, loaded_at=loaded_at, refused=refused)

    async def _note_refused(self, why: str) -> None:
        try:
            await self._note_rules(refused=why)
        except (StoreError, BusyError) as error:
            log.warning("reload_unnoted", error=str(error))

    async def _guard(self) -> None:
        """End where the database's file was deleted or replaced: what it gets is lost."""
        if self._is_lost or self.shared.store.is_in_place():
            return
        log.error("database_lost", path=self.shared.store.engine.name)
        self._is_lost = True
        self.stop()


def _nothing() -> None:
    """Do nothing: who is alone hands nothing over."""
