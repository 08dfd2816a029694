"""The event that a lead is overdue, with its deliveries, as part of a transaction."""

from dataclasses import dataclass
from datetime import datetime

from notifier.core.events import overdue
from notifier.core.records import Lead
from notifier.core.rows import ms_of
from notifier.plan import Mutes, plan_deliveries
from notifier.rules.model import Rule, Ruleset
from notifier.store.session import Session
from notifier.transactions import write_events as ledger
from notifier.transactions.write_events import Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What is told of a lead: since when a rule's condition holds, and what came due.

    ``step`` is the number of a step of the rule's ladder, 0 for the first telling and its
    repetitions.
    """

    rule: Rule
    lead: Lead
    since: datetime
    due: datetime
    step: int = 0


def write(
    session: Session, telling: Telling, rules: Ruleset, *, mutes: Mutes, at: datetime
) -> Written:
    """Store the event and its deliveries."""
    rule, lead = telling.rule, telling.lead
    assert rule.for_ is not None
    event = overdue(
        lead,
        rule=rule.name,
        since=telling.since,
        due=telling.due,
        for_s=int(rule.for_.total_seconds()),
        at=at,
        step=telling.step,
    )
    written, found = Written(), plan_deliveries([event], rules, at=at, mutes=mutes)
    ledger.write(session, found, rules, bot_id=lead.bot_id, at_ms=ms_of(at), written=written)
    return written
