"""A source's ups and downs: what :mod:`notifier.upstream.health` decides is stored and told."""

import structlog

from notifier.core.records import Source
from notifier.core.rows import ms_of
from notifier.crashes import keep_doing
from notifier.errors import UpstreamError
from notifier.poller.context import PollerContext
from notifier.store import sources
from notifier.transactions import polls
from notifier.upstream.health import SourceHealth, SourceState, Transition, silence_ms

LOOK_S = 60.0

log = structlog.get_logger()


class Alarm:
    """Tells of one source, whose listings are polled every ``interval_ms``."""

    def __init__(self, source: Source, context: PollerContext, *, interval_ms: int) -> None:
        self._source = source
        self._context = context
        self._health = SourceHealth(
            last_good_ms=context.clock_ms(), silence_ms=silence_ms(interval_ms)
        )
        self._noted_failures = 0

    @property
    def failures(self) -> int:
        """How many requests in a row have failed."""
        return self._health.failures

    async def restore(self, *, is_scheduled: bool = False) -> None:
        """Take up what was told last.

        ``is_scheduled``: a scheduler starts a process now and then, so the failures
        of earlier ones count, and so does the time since the last good answer.
        """
        state, last_success_ms, self._noted_failures = await self._context.store.run(
            sources.state, self._source.bot_id
        )
        if state == SourceState.DOWN:
            self._health.state = SourceState.DOWN
        if not is_scheduled:
            return
        self._health.failures = self._noted_failures
        if last_success_ms is not None:
            age_ms = ms_of(self._context.now()) - last_success_ms
            self._health.last_good_ms -= max(age_ms, 0)

    async def good(self) -> None:
        """Take in a page that was read and committed."""
        await self._tell(self._health.good(self._context.clock_ms()))
        await self._note_failures()

    async def bad(self, error: UpstreamError) -> None:
        """Take in a request that failed."""
        await self._tell(self._health.bad(error, self._context.clock_ms()))
        await self._note_failures()

    async def watch(self) -> None:
        """Look at the clock now and then, until cancelled: a pause of an hour is silent."""
        name = f"look how long {self._source.name} is silent"
        await keep_doing(self._look, name=name, every_s=LOOK_S)

    async def _look(self) -> None:
        await self._tell(self._health.silent(self._context.clock_ms()))

    async def _note_failures(self) -> None:
        failures = self._health.failures
        if failures != self._noted_failures:
            bot_id = self._source.bot_id
            await self._context.store.run(sources.set_failures, bot_id, failures)
            self._noted_failures = failures

    async def _tell(self, transition: Transition | None) -> None:
        if transition is None:
            return
        name, context = self._source.name, self._context
        try:
            written = await context.store.run(
                polls.tell_transition,
                self._source,
                transition,
                context.rules,
                at=context.now(),
            )
        except Exception:
            self._health.untold(transition)
            raise
        log.warning(f"source_{transition.state.value}", source=name, reason=transition.reason)
        context.wake(written.destinations)
