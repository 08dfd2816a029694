"""Makes reports when they are due, and puts them into the outbox."""

from collections.abc import Callable, Iterable
from datetime import timedelta, tzinfo

import structlog

from notifier.configuration.load import Configuration
from notifier.core.leases import UPKEEP, Lease
from notifier.errors import BusyError, StoreError
from notifier.measuring import measure_report
from notifier.reports.asked import Asked
from notifier.rules.model import Ruleset
from notifier.rules.reports import ReportSpec
from notifier.service.shared import Shared
from notifier.store import responses
from notifier.store.owned import Transactions
from notifier.transactions import reports

DUTY = "report"  # as the log names it
MILLISECOND = timedelta(milliseconds=1)

log = structlog.get_logger()


async def make_due(
    shared: Shared,
    config: Configuration,
    store: Transactions,
    wake: Callable[[set[str]], None],
) -> None:
    """Write the reports that are due; ``wake`` hears of each one's destinations at once."""
    if not config.ruleset.reports:
        return
    for one, due_ms in await store.read(
        reports.due_reports,
        config.ruleset.reports,
        [spec.source.bot_id for spec in config.sources],
        now_ms=shared.clocks.now_ms(),
    ):
        wake(await _make(shared, config, store, one, due_ms))


async def make_once(shared: Shared, config: Configuration, held: Iterable[Lease]) -> bool:
    """Write the reports that are due where this member may; False if one had to wait."""
    try:
        for lease in held:
            if lease.thing == UPKEEP:
                await make_due(shared, config, shared.store_of(lease), wake=lambda _: None)
    except (StoreError, BusyError) as error:
        log.warning("duty_postponed", duty=DUTY, error=str(error))
        return False
    return True


async def _make(
    shared: Shared,
    config: Configuration,
    store: Transactions,
    one: ReportSpec,
    due_ms: int,
) -> set[str]:
    rules, now_ms = config.ruleset, shared.clocks.now_ms()
    kept_ms = int(shared.settings.retention.total_seconds() * 1000)
    report = await measure_report(
        store.read,
        _asked(
            one,
            rules,
            due_ms=due_ms,
            now_ms=now_ms,
            zone=shared.settings.timezone,
            sources=await store.read(responses.source_names),
        ),
        watched={spec.source.bot_id: spec.source for spec in config.sources},
        agents=rules.agents,
        kept_ms=now_ms - kept_ms,
    )
    written = await store.run(
        reports.write_report, one, report, rules, due_ms=due_ms, now_ms=now_ms
    )
    for event in written.events:
        log.info("event", id=event.id, type=event.type.value)
    return written.destinations


def _asked(
    one: ReportSpec,
    rules: Ruleset,
    *,
    due_ms: int,
    now_ms: int,
    zone: tzinfo,
    sources: dict[str, str],
) -> Asked:
    return Asked(
        since=one.since,
        until_ms=due_ms,
        now_ms=now_ms,
        goal_ms=one.goal // MILLISECOND,
        by=one.by,
        clock=one.clock,
        zone=zone,
        name=one.name,
        agents={key: agent.name for key, agent in rules.agents.items() if agent.name},
        sources=sources,
    )
