"""Deliveries that wait for more than their turn: settling, held, gathered in a digest."""

from collections.abc import Iterable
from dataclasses import dataclass

from notifier.core.outcome import State
from notifier.store.batches import chunks
from notifier.store.outbox import NewDelivery, number
from notifier.store.session import Session
from notifier.store.texts import raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery that waits because of ``held``, with its event's stored bytes."""

    id: int
    rule: str
    destination: str
    lead: str
    held: str
    created_ms: int
    event_body: bytes


def settling(session: Session, leads: Iterable[str]) -> list[Waiting]:
    """Return the deliveries that wait for one of these leads to settle."""
    return [
        one
        for some in chunks(list(leads))
        for one in _waiting(
            session,
            "d.state = 'pending' AND d.held = 'settle' AND d.claimed = 0"
            " AND d.lead IN (:leads)",
            {"leads": some},
        )
    ]


def ripe(
    session: Session, destination: str, held: Iterable[str], *, now_ms: int
) -> list[Waiting]:
    """Return what has waited long enough, of what waits because of one of ``held``."""
    return _waiting(
        session,
        "d.state = 'pending' AND d.destination = :destination AND d.claimed = 0"
        " AND d.held IN (:held) AND d.due_ms <= :now_ms",
        {"destination": destination, "held": list(held), "now_ms": now_ms},
    )


def postpone(session: Session, delivery: int, *, due_ms: int) -> None:
    """Let a delivery wait until ``due_ms``."""
    session.execute(
        "UPDATE deliveries SET due_ms = :due_ms WHERE id = :id",
        {"due_ms": due_ms, "id": delivery},
    )


def release(session: Session, delivery: int) -> None:
    """End the waiting: the delivery takes its turn as it was planned."""
    session.execute("UPDATE deliveries SET held = NULL WHERE id = :id", {"id": delivery})


def skip(session: Session, delivery: int, reason: str) -> None:
    """End the delivery unsent."""
    session.execute(
        "UPDATE deliveries SET state = 'skipped', reason = :reason WHERE id = :id",
        {"reason": reason, "id": delivery},
    )


def replan(session: Session, delivery: int, new: NewDelivery, *, envelope: str) -> None:
    """Put another rule's, or the latest, decision in place of what was planned."""
    session.execute(
        "UPDATE deliveries SET rule = :rule, bundle = :bundle, title = :title, body = :body,"
        " mention = :mention, broadcast = :broadcast, exempt = :exempt, state = :state,"
        " reason = :reason, held = :held, due_ms = :due_ms, planned_ms = :due_ms,"
        " envelope = :envelope WHERE id = :id",
        {
            "rule": new.rule,
            "bundle": new.bundle,
            "title": new.title,
            "body": new.body,
            "mention": new.mention,
            "broadcast": number(new.broadcast),
            "exempt": int(new.exempt),
            "state": new.state.value,
            "reason": new.reason,
            "held": new.held,
            "due_ms": new.due_ms,
            "envelope": envelope,
            "id": delivery,
        },
    )


def open_digest(session: Session, rule: str, destination: str) -> tuple[str, int] | None:
    """Return bundle and due time of the digest that still gathers for this rule."""
    found = session.execute(
        "SELECT bundle, due_ms FROM deliveries WHERE state = :state AND held = 'digest'"
        " AND destination = :destination AND rule = :rule AND claimed = 0 AND attempts = 0"
        " ORDER BY id LIMIT 1",
        {"state": State.PENDING.value, "destination": destination, "rule": rule},
    ).fetchone()
    return (found[0], found[1]) if found else None


def _waiting(session: Session, where: str, values: dict[str, object]) -> list[Waiting]:
    rows = session.spread(
        "SELECT d.id, d.rule, d.destination, d.lead, d.held, d.created_ms, e.body"  # noqa: S608
        f" FROM deliveries AS d JOIN events AS e ON e.seq = d.event_seq WHERE {where}"
        " ORDER BY d.id",
        values,
    ).fetchall()
    return [
        Waiting(
            id=row[0],
            rule=row[1],
            destination=row[2],
            lead=row[3],
            held=row[4],
            created_ms=row[5],
            event_body=raw(row[6]),
        )
        for row in rows
    ]
