"""The start of an engine: what waits in the database is brought in line with its rules."""

from collections.abc import Collection, Iterable

import structlog

from notifier.configuration.load import Configuration
from notifier.core.leases import LANE, SOURCE, name_of
from notifier.core.records import Lead
from notifier.core.rows import moment_of
from notifier.store import destinations, due_times, expiry, leases, outbox, outlooks, registry
from notifier.store.savepoints import savepoint
from notifier.store.session import Session
from notifier.transactions import alerts as trouble
from notifier.transactions import clock_set_back, overdue, reports
from notifier.transactions.leads import CurrentLead, current_lead

log = structlog.get_logger()


def take_over(
    session: Session,
    config: Configuration,
    current_lead: CurrentLead,
    *,
    member: str | None = None,
    now_ms: int,
) -> None:
    """Bring what waits in the database in line with these rules.

    Who is one ``member`` of several lets in peace what the others work on: its rules may
    be older than theirs. ``None`` is alone, and nothing can be in flight.
    """
    others: Collection[str] = ()
    if member is None:
        outbox.release_all(session, now_ms=now_ms)
    else:
        others = leases.held_by_others(session, member, now_ms=now_ms)
    rules = config.ruleset
    if by_ms := clock_set_back.set_back_ms(session, now_ms=now_ms):
        log.warning("clock_set_back", by_s=by_ms // 1000)
        clock_set_back.bring_forward(session, rules, by_ms=by_ms, now_ms=now_ms)
    _set_active(session, config, others)
    if not config.settings.sweep_interval:
        outlooks.forget_waits(session)
    reports.keep_schedule(session, rules.reports, now_ms=now_ms)
    destinations.probe_now(session, now_ms=now_ms)
    enabled = {rule.name for rule in rules.rules if rule.enabled}
    due_times.release_digests(session, enabled, now_ms=now_ms)
    faults = overdue.reconcile(session, rules, current_lead, at=moment_of(now_ms))
    lanes = {name for one in others if (name := name_of(one, LANE))}
    with savepoint(session) as expiring:
        for name, died in expiry.expire_removed(session, {*rules.destinations, *lanes}).items():
            destinations.count_dead(session, name, died)
        trouble.write_alerts_of_removed(session, rules, now_ms=now_ms)
    _tell(faults, expiring.fault)


def _set_active(session: Session, config: Configuration, others: Collection[str]) -> None:
    rules = config.ruleset
    registry.set_active(
        session,
        watched={one.source.bot_id: one.source.name for one in config.sources},
        destinations={name: one.kind for name, one in rules.destinations.items()},
        rules=[one.name for one in rules.rules] + [one.name for one in rules.reports],
        meanings={one.kind: one.traits.delivered_means for one in rules.destinations.values()},
        bots_of_others={name for one in others if (name := name_of(one, SOURCE))},
        destinations_of_others={name for one in others if (name := name_of(one, LANE))},
    )


def _tell(faults: Iterable[Exception], fault: Exception | None) -> None:
    """Tell of what waits from before: it must not keep the rest from starting."""
    for one in (*faults, *([fault] if fault else ())):
        log.error("start_incomplete", exc_info=one)


def current_lead_of(config: Configuration) -> CurrentLead:
    """Return what gives a lead of these sources as it is now."""
    by_bot, rules = {one.source.bot_id: one.source for one in config.sources}, config.ruleset

    def by_key(session: Session, key: str) -> Lead | None:
        return current_lead(session, key, by_bot, rules)

    return by_key
