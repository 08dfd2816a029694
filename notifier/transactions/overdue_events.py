"""The event that a lead is overdue, with its deliveries, as part of a transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from notifier.core.events import overdue
from notifier.core.mutes import Mutes
from notifier.core.records import Lead
from notifier.core.rows import ms_of
from notifier.plan import plan_deliveries
from notifier.rules.model import Rule, Ruleset
from notifier.store.overdue import Overdue
from notifier.store.session import Session
from notifier.transactions import write_events as ledger
from notifier.transactions.leads import CurrentLead
from notifier.transactions.write_events import Written

LATER_MS = 5 * 60 * 1000  # then what could not be told is due again


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodPoll:
    """What was read of one listing from ``begun`` on: only that may accuse anyone.

    It is committed at ``at``, and by these rules and mutes tells what has come due until
    ``begun``: of the leads that were ``believed`` by their rows, or with ``None`` of each.
    """

    bot_id: str
    listing_type: str
    begun: datetime
    at: datetime
    rules: Ruleset
    mutes: Mutes
    current_lead: CurrentLead
    believed: Collection[str] | None = None

    @property
    def overdue(self) -> Overdue:
        """What it tells of, where the rules still say so."""
        return Overdue(
            bot_id=self.bot_id,
            listing_type=self.listing_type,
            until_ms=ms_of(self.begun),
            among=self.believed,
        )


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


def write(session: Session, telling: Telling, poll: GoodPoll) -> Written:
    """Store the event and its deliveries."""
    rule, lead, at = telling.rule, telling.lead, poll.at
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
    found = plan_deliveries([event], poll.rules, at=at, mutes=poll.mutes)
    written, at_ms = Written(), ms_of(at)
    ledger.write(session, found, poll.rules, bot_id=lead.bot_id, at_ms=at_ms, written=written)
    return written
