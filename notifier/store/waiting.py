"""Deliveries that wait for more than their turn: settling, held, gathered in a digest."""

from collections.abc import Iterable

from notifier.core.outcome import State
from notifier.store.batches import chunks
from notifier.store.deliveries import TEXTS, Delivery, select
from notifier.store.mapping import number
from notifier.store.outbox import NewDelivery
from notifier.store.session import Session


def settling(session: Session, keys: Iterable[str]) -> list[Delivery]:
    """Return the deliveries that wait for one of these leads, by their lane keys, to settle."""
    where = (
        "WHERE d.state = 'pending' AND d.held = 'settle' AND d.claimed = 0"
        " AND d.lane_key IN (:keys)"
    )
    return [
        one for some in chunks(list(keys)) for one in select(session, where, {"keys": some})
    ]


def ripe(
    session: Session, destination: str, held: Iterable[str], *, now_ms: int
) -> list[Delivery]:
    """Return what has waited long enough, of what waits because of one of ``held``."""
    return select(
        session,
        "WHERE d.state = 'pending' AND d.destination = :destination AND d.claimed = 0"
        " AND d.held IN (:held) AND d.due_ms <= :now_ms ORDER BY d.id",
        {"destination": destination, "held": list(held), "now_ms": now_ms},
        texts=TEXTS,
    )


def postpone(session: Session, delivery: int, *, due_ms: int) -> None:
    """Let a delivery wait until ``due_ms``."""
    session.execute(
        "UPDATE deliveries SET due_ms = :due_ms WHERE id = :id",
        {"due_ms": due_ms, "id": delivery},
    )


def hold(session: Session, delivery: int, *, bundle: str, due_ms: int) -> None:
    """Let a delivery wait until ``due_ms``, and then go out in this bundle, if it still may."""
    session.execute(
        "UPDATE deliveries SET held = 'hold', bundle = :bundle, due_ms = :due_ms,"
        " planned_ms = :due_ms WHERE id = :id",
        {"bundle": bundle, "due_ms": due_ms, "id": delivery},
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
        " AND lost = 0"
        " ORDER BY id LIMIT 1",
        {"state": State.PENDING.value, "destination": destination, "rule": rule},
    ).fetchone()
    return (found[0], found[1]) if found else None
