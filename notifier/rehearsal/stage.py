"""The program without its network: polls that bring what they are given, sends that succeed.

Everything is decided where the service decides it: pages go through ``intake``,
timers through ``overdue``, deliveries through a lane's turns, over a database in
memory. Only time is made up, and jumps from one due time to the next.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from notifier.core.acts import Act
from notifier.core.event_types import EventType
from notifier.core.events import operation
from notifier.core.outcome import UNRESOLVED
from notifier.core.records import LEAD, NON_LEAD, Lead, Source
from notifier.core.rows import Row, moment_of, ms_of
from notifier.destinations.base import KindOptions, Message, Receipt
from notifier.dispatcher.messages import message_of
from notifier.errors import SkippedDeliveryError
from notifier.plan import plan_deliveries
from notifier.rules.limits import Limits
from notifier.rules.model import Ruleset
from notifier.store import due_times, ladders, lead_acts, listings, mutes, timers
from notifier.store.opening import memory
from notifier.store.session import Session
from notifier.transactions import acts, overdue
from notifier.transactions import write_events as ledger
from notifier.transactions.acts import Actor, Result
from notifier.transactions.attempts import Attempt
from notifier.transactions.commit_page import commit_page
from notifier.transactions.leads import current_lead
from notifier.transactions.overdue_events import GoodPoll
from notifier.transactions.page_comparison import Intake
from notifier.transactions.turn import LaneFacts, take_turn
from notifier.transactions.write_events import Written
from notifier.upstream.page import parse_page

SLOTS = 1_000  # a rehearsal keeps nobody waiting for a slow receiver
LISTING_TYPES = (LEAD, NON_LEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message that a destination took at ``at``."""

    at: datetime
    to: str
    message: Message

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules it comes from: one, but for the summary of a burst."""
        return tuple(dict.fromkeys(part.rule for part in self.message.parts))

    @property
    def title(self) -> str:
        """What it says first; a webhook's requests have but a type."""
        first = self.message.parts[0]
        return first.text.title or first.event.type


@dataclass(slots=True, kw_only=True)
class Stage:
    """One source and all destinations of ``rules`` at a moment ``now``.

    ``limits`` has those of each destination. ``sent`` grows as messages go out.
    """

    session: Session = field(default_factory=memory)
    rules: Ruleset
    limits: Mapping[str, Limits]
    source: Source
    now: datetime
    sent: list[Sent] = field(default_factory=list)

    def open(self) -> None:
        """Note that the source's leads of before are known: what comes now is new."""
        with self.session.transaction():
            for listing_type in LISTING_TYPES:
                listings.state(self.session, self.source.bot_id, listing_type)
                listings.finish_full_walk(
                    self.session, self.source.bot_id, listing_type, at_ms=self._ms, pages=1
                )

    def read(self, rows: Iterable[Row], *, listing_type: str = LEAD) -> None:
        """Let a head poll find these rows now, and deliver what is due."""
        page = parse_page(msgspec.json.encode({"success": True, "data": list(rows)}))
        bot_id = self.source.bot_id
        with self.session.transaction():
            walk = listings.state(self.session, bot_id, listing_type).last_walk + 1
            intake = Intake(
                source=self.source,
                listing_type=listing_type,
                walk=walk,
                rules=self.rules,
                first_run=timedelta(),
            )
            commit_page(self.session, page, intake, at=self.now)
            listings.close_walk(self.session, bot_id, listing_type, walk)
        self._poll()

    def happen(self, event_type: EventType, about: str, reason: str) -> None:
        """Let trouble with a source or destination, or its end, be told now."""
        event = operation(event_type, about, at=self.now, reason=reason)
        with self.session.transaction():
            muted = mutes.active(self.session, now_ms=self._ms)
            events = plan_deliveries([event], self.rules, at=self.now, mutes=muted)
            ledger.write(
                self.session, events, self.rules, bot_id=None, at_ms=self._ms, written=Written()
            )
        self.deliver()

    def act(self, lead_id: str, wanted: Act, actor: Actor) -> Result:
        """Let a person do something about a lead now."""
        key = f"{self.source.bot_id}/{lead_id}"
        with self.session.transaction():
            result = acts.act(
                self.session,
                key,
                wanted,
                actor,
                rules=self.rules,
                current_lead=self.current_lead,
                at=self.now,
            )
        self.deliver()
        return result

    def advance(self, until: datetime) -> None:
        """Let time pass; head polls find nothing new and succeed the moment it matters."""
        while (due_ms := self._next_ms()) is not None:
            due = moment_of(due_ms)
            if due > until:
                break
            self.now = due
            self._poll()
        self.now = until

    def deliver(self) -> None:
        """Let every lane send what is due now."""
        for name in self.rules.destinations:
            attempts: list[Attempt] = []
            while attempts := list(self._turn(name, attempts)):
                pass

    def current_lead(self, session: Session, key: str) -> Lead | None:
        """Return the current state of the lead under a lane's key."""
        return current_lead(session, key, {self.source.bot_id: self.source}, self.rules)

    @property
    def _ms(self) -> int:
        return ms_of(self.now)

    def _next_ms(self) -> int | None:
        """Return when the next timer or delivery comes due."""
        moments = [timer.due_ms for timer in timers.running(self.session)]
        moments += [one.due_ms for one in ladders.running(self.session) if one.due_ms]
        moments += lead_acts.awake_ms(self.session)
        moments += [
            due_ms
            for name in self.rules.destinations
            if (due_ms := due_times.next_due_ms(self.session, name, now_ms=self._ms))
            is not None
        ]
        return min((moment for moment in moments if moment > self._ms), default=None)

    def _poll(self) -> None:
        """Tell of the timers that came due, as after a good head poll; then deliver."""
        with self.session.transaction():
            for listing_type in LISTING_TYPES:
                poll = GoodPoll(
                    bot_id=self.source.bot_id,
                    listing_type=listing_type,
                    begun=self.now,
                    at=self.now,
                    rules=self.rules,
                    mutes=mutes.active(self.session, now_ms=self._ms),
                    current_lead=self.current_lead,
                )
                overdue.fire(self.session, poll)
        self.deliver()

    def _turn(self, name: str, ended: list[Attempt]) -> Iterator[Attempt]:
        """Take one turn of a lane and send what it claims."""
        facts = LaneFacts(
            destination=name,
            policy=self.limits[name].policy,
            burst=self.limits[name].burst,
            current_lead=self.current_lead,
            free=SLOTS,
            in_flight=0,
        )
        with self.session.transaction():
            turn = take_turn(self.session, facts, ended, self.rules, now_ms=self._ms)
        for bundle in turn.claimed:
            message = message_of(bundle, turn, self.rules.agents)
            options = self.rules.destinations[name].options
            left: frozenset[int] = frozenset()
            if isinstance(options, KindOptions):  # else they were read without a secret
                left = options.unresolved(message)
            parts = tuple(part for n, part in enumerate(message.parts) if n not in left)
            if parts:
                reached = replace(message, parts=parts)
                self.sent.append(Sent(at=self.now, to=name, message=reached))
            receipt = Receipt(left=dict.fromkeys(left, SkippedDeliveryError(UNRESOLVED)))
            yield Attempt(claimed=bundle, probe=turn.probe, jitter=0.0, receipt=receipt)
