"""An outbox with deliveries to put into it, and words for what is in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from notifier.core.event_types import EventType
from notifier.core.events import encode, operation
from notifier.core.outcome import Outcome, State
from notifier.core.rows import moment_of
from notifier.store import claims, outbox
from notifier.store.claims import Claimed
from notifier.store.outbox import NewDelivery
from notifier.store.session import Session

NOW_MS = 1_772_452_800_000
CRM = "crm"
BODY = encode(
    operation(EventType.SOURCE_DOWN, "website", at=moment_of(NOW_MS), reason="gone")
).decode()


@dataclass(slots=True)
class Outbox:
    """Deliveries are named by their titles; each has an event of its own."""

    db: Session
    _events: int = 0

    def add(
        self,
        title: str,
        lead: str,
        *,
        due_ms: int = NOW_MS,
        destination: str = CRM,
        held: str | None = None,
        bundle: str | None = None,
        rule: str = "New lead",
    ) -> None:
        self._events += 1
        self.db.execute(
            "INSERT INTO events (seq, id, type, subject, observed_ms, body)"
            " VALUES (:seq, :id, 'lead.created', :lead, :now_ms, :body)",
            {
                "seq": self._events,
                "id": f"evt_{self._events}",
                "lead": lead,
                "now_ms": NOW_MS,
                "body": BODY,
            },
        )
        new = NewDelivery(
            type="lead.created",
            event_seq=self._events,
            rule=rule,
            destination=destination,
            lane_key=lead,
            bundle=bundle or f"{title}:{rule}:{destination}",
            title=title,
            body=None,
            mention=None,
            broadcast=None,
            exempt=False,
            state=State.PENDING,
            reason=None,
            held=held,
            due_ms=due_ms,
            created_ms=NOW_MS,
        )
        outbox.add(self.db, [new])

    def claim(
        self,
        *,
        limit: int = 16,
        now_ms: int = NOW_MS,
        probe: bool = False,
        crash_suspects: bool = False,
    ) -> list[tuple[Claimed, ...]]:
        return claims.claim(
            self.db, CRM, now_ms=now_ms, limit=limit, probe=probe, crash_suspects=crash_suspects
        )

    def conclude(
        self,
        claimed: Claimed,
        state: State = State.DELIVERED,
        *,
        due_ms: int = NOW_MS,
        attempts: int | None = None,
        now_ms: int = NOW_MS,
    ) -> bool:
        outcome = Outcome(
            state=state,
            attempts=claimed.attempts + 1 if attempts is None else attempts,
            at_ms=due_ms,
            error="" if state is State.DELIVERED else "500",
        )
        return outbox.record(
            self.db, claimed, outcome, accepted=frozenset(), note="", now_ms=now_ms
        )

    def fail(self, claimed: Claimed, *, due_ms: int = NOW_MS + 5_000) -> None:
        """Record a failure after which it is tried again at ``due_ms``."""
        assert self.conclude(claimed, State.PENDING, due_ms=due_ms)

    def ended(self) -> dict[str, str | None]:
        """Return the reasons of the dead by title."""
        return dict(
            self.db.execute(
                "SELECT title, reason FROM deliveries WHERE state = 'dead'"
            ).fetchall()
        )


def titles(bundles: Sequence[Sequence[Claimed]]) -> list[str]:
    """Return the bundles' titles, those of one bundle joined."""
    return ["+".join(str(one.title) for one in bundle) for bundle in bundles]
