"""Pollers and lanes for one set of rules; a reload puts a new engine in its place."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TextIO

import structlog
from pydantic import SecretStr

from notifier.clocks import Clocks
from notifier.configuration.destinations import build_destinations, limits
from notifier.configuration.load import Configuration
from notifier.configuration.settings import Settings
from notifier.core.records import Lead, Source
from notifier.core.rows import moment_of
from notifier.dispatcher import Dispatcher
from notifier.dispatcher.context import LaneContext
from notifier.monitoring.pages import Pages
from notifier.poller.heads import first_polls
from notifier.poller.listing import Intervals, ListingKey, ListingWalks
from notifier.poller.source import SourcePoller
from notifier.poller.tools import PollerTools
from notifier.rules.model import Ruleset, SourceSpec
from notifier.store import destinations, due_times, expiry, outbox, outlooks, registry, signing
from notifier.store.db import Store
from notifier.store.parts import part
from notifier.store.session import Session
from notifier.transactions import alerts as trouble
from notifier.transactions import overdue, reports, set_back
from notifier.transactions.leads import CurrentLead, current_lead
from notifier.transactions.turn import Turn
from notifier.upstream.budget import Budget
from notifier.upstream.client import Listing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What outlives a reload; ``observe`` hears of lanes' turns, ``out`` is for consoles."""

    settings: Settings
    store: Store
    client: Pages
    observe: Callable[[str, Turn], None]
    budget: Callable[[SecretStr], Budget]
    clocks: Clocks
    out: TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Runs until stopped; made by :func:`engine`."""

    dispatcher: Dispatcher
    pollers: tuple[SourcePoller, ...]

    async def run(self) -> None:
        """Poll and deliver until :meth:`stop`; what is in flight is finished first."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatcher.run())
            for poller in self.pollers:
                tasks.create_task(poller.run())

    async def poll(self) -> bool:
        """Make the walks that are due; False if a source failed."""
        async with asyncio.TaskGroup() as tasks:
            polls = [tasks.create_task(poller.once()) for poller in self.pollers]
        return all(poll.result() for poll in polls)

    def poke(self, source: str | None) -> None:
        """Make head polls due at once: of the source of that name, or of all."""
        for poller in self.pollers:
            if source in (None, poller.name):
                poller.poke()

    def stop(self) -> None:
        """Ask for no more pages and claim no more deliveries."""
        for poller in self.pollers:
            poller.stop()
        self.dispatcher.stop()

    def rhythm(self) -> dict[ListingKey, int]:
        """Return when each listing's head polls are due, for the engine that comes next."""
        return {key: ms for poller in self.pollers for key, ms in poller.rhythm().items()}


@asynccontextmanager
async def engine(
    shared: Shared, config: Configuration, *, before: Engine | None = None
) -> AsyncIterator[Engine]:
    """Build pollers and lanes; what an earlier engine left in flight is due at once.

    Listings that the engine ``before`` polled are polled on at their old distances.
    """
    rules, clocks = config.ruleset, shared.clocks
    by_bot = {spec.source.bot_id: spec.source for spec in config.sources}
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
        current_lead = _current_lead_of(by_bot, rules)
        await shared.store.run(_take_over, config, current_lead, now_ms=clocks.now_ms())
        dispatcher = Dispatcher()
        lane_tools = LaneContext(
            store=shared.store,
            rules=lambda: rules,
            current_lead=current_lead,
            now_ms=clocks.now_ms,
            jitter=clocks.jitter,
            wake=dispatcher.wake,
            observe=shared.observe,
        )
        dispatcher.open(destinations, limits(rules), lane_tools)
        tools = _poller_tools(shared, rules, dispatcher)
        # As late as this: somebody may have poked meanwhile.
        rhythm = before.rhythm() if before else {}
        del before  # it remembers every id of a walk that was under way
        yield Engine(dispatcher=dispatcher, pollers=_pollers(shared, config, tools, rhythm))


async def _button_secret(shared: Shared) -> bytes | None:
    if shared.settings.slack_app_token is None:
        return None
    return await shared.store.run(signing.secret, signing.BUTTONS)


def _take_over(
    session: Session, config: Configuration, current_lead: CurrentLead, *, now_ms: int
) -> None:
    """Bring what waits in the database in line with these rules."""
    rules = config.ruleset
    if by_ms := set_back.set_back_ms(session, now_ms=now_ms):
        log.warning("clock_set_back", by_s=by_ms // 1000)
        set_back.bring_forward(session, rules, by_ms=by_ms, now_ms=now_ms)
    registry.put_in_force(
        session,
        watched={one.source.bot_id: one.source.name for one in config.sources},
        destinations={name: one.kind for name, one in rules.destinations.items()},
        rules=[one.name for one in rules.rules] + [one.name for one in rules.reports],
        meanings={one.kind: one.traits.delivered_means for one in rules.destinations.values()},
    )
    if not config.settings.sweep_interval:
        outlooks.forget_waits(session)
    reports.keep_schedule(session, rules.reports, now_ms=now_ms)
    outbox.release_all(session, now_ms=now_ms)
    destinations.probe_now(session, now_ms=now_ms)
    enabled = {rule.name for rule in rules.rules if rule.enabled}
    due_times.release_digests(session, enabled, now_ms=now_ms)
    faults = overdue.reconcile(session, rules, current_lead, at=moment_of(now_ms))
    with part(session) as expiring:
        for name, died in expiry.expire_removed(session, rules.destinations).items():
            destinations.count_dead(session, name, died)
        trouble.write_alerts_of_removed(session, rules, now_ms=now_ms)
    # What waits from before must not keep the rest from starting.
    for fault in (*faults, *([expiring.fault] if expiring.fault else ())):
        log.error("start_incomplete", exc_info=fault)


def _current_lead_of(by_bot: Mapping[str, Source], rules: Ruleset) -> CurrentLead:
    def by_key(session: Session, key: str) -> Lead | None:
        return current_lead(session, key, by_bot, rules)

    return by_key


def _poller_tools(shared: Shared, rules: Ruleset, dispatcher: Dispatcher) -> PollerTools:
    return PollerTools(
        store=shared.store,
        client=shared.client,
        budget=shared.budget,
        rules=rules,
        now=shared.clocks.now,
        clock_ms=shared.clocks.monotonic_ms,
        jitter=shared.clocks.jitter,
        wake=dispatcher.wake,
        refresh=dispatcher.refresh,
    )


def _pollers(
    shared: Shared,
    config: Configuration,
    tools: PollerTools,
    rhythm: Mapping[ListingKey, int],
) -> tuple[SourcePoller, ...]:
    settings = shared.settings
    intervals = Intervals(
        head_ms=int(settings.poll_interval.total_seconds() * 1000),
        sweep_ms=int(settings.sweep_interval.total_seconds() * 1000),
        first_run=settings.first_run,
    )
    first_ms = first_polls(
        len(config.sources), now_ms=tools.clock_ms(), interval_ms=intervals.head_ms
    )
    return tuple(
        SourcePoller(
            _walks(spec, intervals, rhythm, begin_ms=begin_ms), tools, begin_ms=begin_ms
        )
        for spec, begin_ms in zip(config.sources, first_ms, strict=True)
    )


def _walks(
    spec: SourceSpec,
    intervals: Intervals,
    rhythm: Mapping[ListingKey, int],
    *,
    begin_ms: int,
) -> list[ListingWalks]:
    assert spec.token is not None
    return [
        ListingWalks(
            listing=Listing(source=spec.source, kind=kind, token=spec.token),
            intervals=intervals,
            head_due_ms=rhythm.get((spec.source.bot_id, kind), begin_ms),
        )
        for kind in spec.types
    ]
