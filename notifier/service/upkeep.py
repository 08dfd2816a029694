"""What one member does for all, beside polling and delivering."""

import asyncio

import structlog

from notifier.configuration.load import Configuration
from notifier.crashes import keep_doing
from notifier.dispatcher import Dispatcher
from notifier.service import housekeeping, reporting
from notifier.service.shared import Shared
from notifier.store.owned import OwnerStore
from notifier.transactions import clock_set_back

LOOK_S = 0.5
PRUNE_S = 3600.0

log = structlog.get_logger()


class Upkeep:
    """Prunes, makes reports, and minds a clock that is set back."""

    def __init__(
        self,
        shared: Shared,
        config: Configuration,
        store: OwnerStore,
        dispatcher: Dispatcher,
    ) -> None:
        self._shared = shared
        self._config = config
        self._store = store
        self._dispatcher = dispatcher
        self._stopping = asyncio.Event()
        # The wall clock, of the one that never jumps, from the start on.
        self._ahead_ms = shared.clocks.now_ms() - shared.clocks.monotonic_ms()

    async def run(self) -> None:
        """Do its duties until stopped."""
        async with asyncio.TaskGroup() as tasks:
            duties = [
                tasks.create_task(duty)
                for duty in (
                    keep_doing(self._prune, name="prune", every_s=PRUNE_S),
                    keep_doing(self._watch_clock, name="watch the clock", every_s=LOOK_S),
                    keep_doing(
                        self._report, name=reporting.DUTY, every_s=LOOK_S, is_costly=True
                    ),
                )
            ]
            await self._stopping.wait()
            for duty in duties:
                duty.cancel()

    def stop(self) -> None:
        """End what can be ended at any moment."""
        self._stopping.set()

    def abandon(self) -> None:
        """Do nothing more than :meth:`stop`."""
        self._stopping.set()

    async def _prune(self) -> None:
        keep_ms = int(self._shared.settings.retention.total_seconds() * 1000)
        await housekeeping.prune(self._store, self._shared.clocks, keep_ms=keep_ms)

    async def _watch_clock(self) -> None:
        """Where the clock was set back, let what waits come due by its pause."""
        clocks = self._shared.clocks
        now_ms = clocks.now_ms()
        ahead_ms = now_ms - clocks.monotonic_ms()
        by_ms = self._ahead_ms - ahead_ms
        if by_ms > clock_set_back.TOLERATED_MS:
            rules = self._config.ruleset
            run, forward = self._store.run, clock_set_back.bring_forward
            await run(forward, rules, by_ms=by_ms, now_ms=now_ms)
            log.warning("clock_set_back", by_s=by_ms // 1000)
            self._dispatcher.wake_all()
        self._ahead_ms = ahead_ms

    async def _report(self) -> None:
        """Make the reports that are due, and have them sent."""
        wake = self._dispatcher.wake
        await reporting.make_due(self._shared, self._config, self._store, wake)
