"""A database as the service leaves it, filled through the rooms that fill it in earnest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from notifier.core.destination_state import DestinationState, Health
from notifier.core.mutes import Mutes
from notifier.core.outcome import Outcome, State
from notifier.core.records import LEAD, Source
from notifier.core.rows import Json
from notifier.store import (
    claims,
    destinations,
    listings,
    outbox,
    registry,
    service_state,
    sources,
)
from notifier.store.engine import Engine
from notifier.store.session import Session
from notifier.store.sqlite import Sqlite
from notifier.transactions import overdue
from notifier.transactions.leads import current_lead
from notifier.transactions.overdue_events import GoodPoll
from support.polls import poll
from support.rules import ruleset

BOT_ID = "638d99eeee9e558f1247ae03"
SOURCE = Source(name="website", bot_id=BOT_ID, customer_id="5fed38e56fb193dcc6c933f5")
ASHA, BORIS = "63d9ffa77a8d152facbe2f2f", "63d9ffa77a8d152facbe2f30"

RULES = """\
destinations:
  sales: {type: console}
  ops: {type: console}
  crm: {type: webhook, url: "https://crm.example.com/hook", secret: "${CRM_SECRET}"}
rules:
  - {name: New Indian lead, when: lead.created, if: {country: India}, send: [sales, crm]}
  - {name: Any new lead, when: lead.created, send: [sales, ops]}
  - {name: Lead closed, when: lead.status_changed, if: {to: CLOSED}, send: sales}
  - {name: Waiting, if: {status: OPEN, assignee: null}, for: 15m, send: ops}
  - {name: Asleep, when: lead.message, send: ops, enabled: false}
"""


class Filled:
    """The database and what the upstream shows; ``look`` is a poll that saw it."""

    def __init__(self, path: Path, *, rules: str = RULES, engine: Engine | None = None) -> None:
        self.path = path
        self.rules = ruleset(rules)
        self.rows: dict[str, dict[str, Json]] = {}
        self.db: Session = (engine or Sqlite(path)).open()
        with self.db.transaction():
            registry.set_active(
                self.db,
                watched={BOT_ID: SOURCE.name},
                destinations={name: one.kind for name, one in self.rules.destinations.items()},
                rules=(rule.name for rule in self.rules.rules),
            )
            service_state.rules(self.db, loaded_at="2026-03-02T04:30:00.000Z", refused=None)

    def lead(self, lead_id: str, **fields: Json) -> None:
        """Show a lead upstream, or other values of one: a row's keys, or a visitor's."""
        row = self.rows.setdefault(lead_id, {"_id": lead_id, "createdAt": ago(minutes=5)})
        details = {k: fields.pop(k) for k in ("name", "country") if k in fields}
        old = row.get("profile", {"userDetails": {}})["userDetails"]
        row |= {"profile": {"userDetails": {**old, **details}}, **fields, "updatedAt": ago()}

    def look(self, *, at: datetime | None = None) -> None:
        """Poll once: commit the only page and record the walk as complete."""
        at = at or datetime.now(UTC)
        at_ms = int(at.timestamp() * 1000)
        rows = self.rows.values()
        with self.db.transaction():
            poll(self.db, rows, source=SOURCE, rules=self.rules, at=at, first_run=None)
            listings.set_order(self.db, BOT_ID, LEAD, "updated-desc")
            listings.finish_full_walk(self.db, BOT_ID, LEAD, at_ms=at_ms, pages=2)
            sources.succeeded(self.db, BOT_ID, at_ms=at_ms)

    def deliver(
        self, destination: str, *, state: State = State.DELIVERED, error: str = ""
    ) -> None:
        """Claim everything that is due for the destination and record this outcome."""
        now_ms = ms()
        with self.db.transaction():
            for bundle in claims.claim(self.db, destination, now_ms=now_ms, limit=100):
                for one in bundle:
                    outcome = Outcome(state=state, attempts=1, at_ms=now_ms, error=error)
                    kept: frozenset[str] = frozenset()
                    outbox.record(self.db, one, outcome, accepted=kept, note="", now_ms=now_ms)

    def alarm(self, *, at_ms: int) -> None:
        """Let the timers that are due by then tell that somebody waits."""
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        watched = {BOT_ID: SOURCE}
        with self.db.transaction():
            poll = GoodPoll(
                bot_id=BOT_ID,
                listing_type=LEAD,
                begun=at,
                at=at,
                rules=self.rules,
                mutes=Mutes(),
                current_lead=lambda db, key: current_lead(db, key, watched, self.rules),
            )
            overdue.fire(self.db, poll)

    def park(self, destination: str, reason: str, remedy: str) -> None:
        """Let the destination refuse everything."""
        state = DestinationState(health=Health.PARKED, reason=reason, remedy=remedy, probe_ms=1)
        with self.db.transaction():
            destinations.set_state(self.db, destination, state)


def ago(**elapsed: float) -> str:
    """Return the time that long ago, as the upstream writes it."""
    moment = datetime.now(UTC) - timedelta(**elapsed)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ms(**elapsed: float) -> int:
    """Return the milliseconds since 1970 of that long ago."""
    return int((datetime.now(UTC) - timedelta(**elapsed)).timestamp() * 1000)
