"""One lead's story: what happened to it, what became of that, and what is to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from notifier.core.acts import LeadState
from notifier.store import acts, ladders, lead_acts, timers
from notifier.store.acts import Act
from notifier.store.ladders import Ladder
from notifier.store.mapping import named
from notifier.store.pages_day import Happened
from notifier.store.session import Session
from notifier.store.texts import raw
from notifier.store.timers import Timer

EVENTS = 100
MOST_DELIVERIES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A delivery of one event; ``tries`` and ``last_answer`` are of its attempts."""

    id: int
    event_seq: int
    rule: str
    destination: str
    state: str
    reason: str | None
    held: str | None
    due_ms: int
    delivered_ms: int | None
    tries: int
    last_try_ms: int | None
    last_answer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All that is stored of a lead, the newest first; ``has_more`` events than are shown."""

    events: Sequence[tuple[int, Happened]]
    has_more: bool
    sendings: Sequence[Sending]
    timers: Sequence[Timer]
    acts: Sequence[Act]
    state: LeadState
    ladders: Sequence[Ladder]


def story(session: Session, bot_id: str, lead_id: str) -> Story:
    """Return the lead's story."""
    key = {"bot_id": bot_id, "lead_id": lead_id, "limit": EVENTS + 1}
    rows = session.execute(
        "SELECT seq, bot_id, observed_ms, body FROM events"
        " WHERE subject = :lead_id AND bot_id = :bot_id ORDER BY seq DESC LIMIT :limit",
        key,
    ).fetchall()
    events = [
        (seq, Happened(bot_id=bot, observed_ms=observed_ms, body=raw(body)))
        for seq, bot, observed_ms, body in rows
    ]
    return Story(
        events=events[:EVENTS],
        has_more=len(events) > EVENTS,
        sendings=_sendings(session, bot_id, lead_id),
        timers=list(timers.of_lead(session, bot_id, lead_id).values()),
        acts=acts.of_lead(session, f"{bot_id}/{lead_id}"),
        state=lead_acts.state(session, bot_id, lead_id),
        ladders=list(ladders.of_lead(session, bot_id, lead_id).values()),
    )


def _sendings(session: Session, bot_id: str, lead_id: str) -> list[Sending]:
    rows = session.execute(
        "SELECT d.id AS id, d.event_seq AS event_seq, d.rule AS rule,"
        " d.destination AS destination, d.state AS state, d.reason AS reason,"
        " d.held AS held, d.due_ms AS due_ms, d.delivered_ms AS delivered_ms,"
        " COUNT(a.id) AS tries, MAX(a.id) AS last_id FROM events AS e"
        " JOIN deliveries AS d ON d.event_seq = e.seq"
        " LEFT JOIN attempts AS a ON a.delivery_id = d.id"
        " WHERE e.subject = :lead_id AND e.bot_id = :bot_id"
        " GROUP BY d.id, d.event_seq, d.rule, d.destination, d.state, d.reason, d.held,"
        " d.due_ms, d.delivered_ms ORDER BY d.id DESC LIMIT :limit",
        {"bot_id": bot_id, "lead_id": lead_id, "limit": MOST_DELIVERIES},
    )
    return [_sending(session, **row) for row in list(named(rows))]


def _sending(session: Session, *, last_id: int | None, **known: Any) -> Sending:
    last = session.execute(
        "SELECT at_ms, answer FROM attempts WHERE id = :id", {"id": last_id}
    ).fetchone()
    at_ms, answer = last or (None, None)
    return Sending(**known, last_try_ms=at_ms, last_answer=answer)
