"""The running program: what it does until a stop, and how it takes up changed rules."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field
from pkgutil import resolve_name

import structlog

from notifier.cleaning import clean
from notifier.configuration.load import Configuration
from notifier.core.rows import iso_ms
from notifier.crashes import keep_doing
from notifier.errors import BusyError, ConfigError, StoreError
from notifier.monitoring.monitor import Monitor, OpenPages
from notifier.service import housekeeping as upkeep
from notifier.service import reporting
from notifier.service.engine import Engine, Shared, engine
from notifier.store import acts, due_times, service_state
from notifier.threads import in_a_thread
from notifier.transactions import set_back
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
    _acted: int = 0  # the newest act that was looked at
    _ahead_ms: int | None = None  # the wall clock, of the one that never jumps
    _reloading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Poll and deliver until :meth:`stop`, with the newest rules that are right."""
        async with self.monitor.running(self._bots, self._poke, self._pages()):
            await self._run_engines()
        log.info("stopped")
        if self._is_lost:
            raise BusyError(
                f"{self.shared.store.engine.name} was deleted or replaced while the service "
                "ran; start it again on the file that is there now"
            )

    async def _run_engines(self) -> None:
        keep_ms = int(self.shared.settings.retention.total_seconds() * 1000)
        store, clocks = self.shared.store, self.shared.clocks
        _, self._acted = await store.look(acts.leads_since, self._acted)
        await store.run(service_state.set_slack, None)
        async with asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(keep_doing(duty, name=name, every_s=upkeep.WATCH_S))
                for name, duty in (
                    ("heed commands", lambda: upkeep.watch(store, self._heed)),
                    ("prune", lambda: upkeep.prune(store, clocks, keep_ms=keep_ms)),
                    ("guard the database", self._guard),
                    ("watch the clock", self._watch_clock),
                    ("report", self._report),
                    *self._doors(),
                )
            ]
            while not self._stopping:
                await self._run_engine()
            for task in beside:
                task.cancel()

    async def _run_engine(self) -> None:
        """Run with the present rules, until a stop or a reload."""
        config = self.config
        async with engine(self.shared, config, before=self._engine) as self._engine:
            await self._note_rules(refused=None)
            self.monitor.systemd.ready()
            log.info("started", sources=len(self._engine.pollers))
            # A signal may have come while the engine was built.
            if not self._stopping and self.config is config:
                await self._engine.run()

    async def once(self) -> bool:
        """Make the walks that are due, deliver what is due; False if any of it failed."""
        async with engine(self.shared, self.config) as self._engine:
            await self._note_rules(refused=None)
            polled = await self._engine.poll()
            await reporting.make_due(self.shared, self.config)
            await self._engine.dispatcher.drain()
        if polled:
            await self.monitor.round_completed()
        left = await self.shared.store.run(
            due_times.overdue, now_ms=self.shared.clocks.now_ms()
        )
        if left:
            log.warning("deliveries_left", count=left)
        return polled and not left

    async def poll(self) -> bool:
        """Make the walks that are due and deliver nothing; False if a source failed."""
        async with engine(self.shared, self.config) as built:
            return await built.poll()

    def stop(self) -> None:
        """End :meth:`run`: no more pages, no more claims."""
        log.info("stopping")
        self.monitor.systemd.stopping()
        self._stopping = True
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
        return True

    def _pages(self) -> OpenPages | None:
        """Return what opens the page where it has a password; else it is not loaded."""
        if self.shared.settings.web_password is None:
            return None
        pages: OpenPages = resolve_name("notifier.service.pages:pages_of")(self)
        return pages

    def _doors(self) -> Iterator[tuple[str, Callable[[], Awaitable[None]]]]:
        """Yield what lets people act from elsewhere; what it needs is loaded only then."""
        settings = self.shared.settings
        if settings.slack_app_token and settings.slack_token:
            heed = resolve_name("notifier.service.slack:heed_clicks")
            yield "heed clicks in Slack", lambda: heed(self)

    def wake(self, names: set[str]) -> None:
        """These destinations have new work."""
        if self._engine:
            self._engine.dispatcher.wake(names)

    async def _note_rules(self, *, refused: str | None) -> None:
        loaded_at = iso_ms(self.shared.clocks.now()) if refused is None else None
        await self.shared.store.run(service_state.rules, loaded_at=loaded_at, refused=refused)

    async def _note_refused(self, why: str) -> None:
        try:
            await self._note_rules(refused=why)
        except (StoreError, BusyError) as error:
            log.warning("reload_unnoted", error=str(error))

    async def _watch_clock(self) -> None:
        """Where the host's clock was set back, let what waits come due by its pause."""
        clocks = self.shared.clocks
        now_ms = clocks.now_ms()
        ahead_ms = now_ms - clocks.monotonic_ms()
        by_ms = 0 if self._ahead_ms is None else self._ahead_ms - ahead_ms
        if by_ms > set_back.TOLERATED_MS:
            log.warning("clock_set_back", by_s=by_ms // 1000)
            rules = self.config.ruleset
            run, forward = self.shared.store.run, set_back.bring_forward
            await run(forward, rules, by_ms=by_ms, now_ms=now_ms)
            self.look()
        self._ahead_ms = ahead_ms

    async def _report(self) -> None:
        """Make the reports that are due, and have them sent."""
        names = await reporting.make_due(self.shared, self.config)
        if names and self._engine:
            self._engine.dispatcher.wake(names)

    async def _guard(self) -> None:
        """End where the database's file was deleted or replaced: what it gets is lost."""
        if self._is_lost or self.shared.store.is_in_place():
            return
        log.error("database_lost", path=self.shared.store.engine.name)
        self._is_lost = True
        self.stop()

    async def _heed(self) -> None:
        """Another process has written: lanes look for work, and cards at what people did."""
        self.look()
        keys, self._acted = await self.shared.store.look(acts.leads_since, self._acted)
        self.refresh(keys)

    def refresh(self, keys: Collection[str]) -> None:
        """These leads, by their lane keys, have changed: so must the cards that show them."""
        if self._engine:
            self._engine.dispatcher.refresh(keys)

    def look(self) -> None:
        """Somebody wrote to the database by hand: every lane looks for work."""
        if self._engine:
            self._engine.dispatcher.wake_all()
