"""Persons who asked to be forgotten: their data goes, a digest of the lead's id stays.

Rows of events and deliveries stay too, emptied, so that counts do not change.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from notifier.core.event_types import OPERATIONS, EventType
from notifier.core.events import Event, EventPayload, decode, encode
from notifier.core.rows import Row, entries, mapping
from notifier.store import responses
from notifier.store.batches import chunks
from notifier.store.session import Session
from notifier.store.texts import raw

FORGOTTEN = "forgotten"
"""Stands where a lead's id stood, and is why a delivery was skipped."""

EMPTYING = (
    "DELETE FROM records WHERE bot_id = :bot_id AND lead_id = :lead_id",
    "DELETE FROM timers WHERE bot_id = :bot_id AND lead_id = :lead_id",
    "DELETE FROM memory WHERE lane_key = :lane",
    "DELETE FROM changed_cards WHERE lane_key = :lane",
    (
        "DELETE FROM attempts WHERE delivery_id IN"
        " (SELECT id FROM deliveries WHERE lane_key = :lane)"
    ),
    f"UPDATE acts SET lead = NULL, target = '{FORGOTTEN}' WHERE lead = :lane",  # noqa: S608
)
"""What tells of the lead beside its events and deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How much was emptied; ``unsent`` of the deliveries had still been waiting."""

    events: int
    deliveries: int
    unsent: int


def is_forgotten(session: Session, bot_id: str, lead_ids: Iterable[str]) -> set[str]:
    """Return those of the ids whose leads are neither stored nor announced again."""
    (some,) = session.execute("SELECT EXISTS (SELECT 1 FROM forgotten)").fetchone()
    if not some:
        return set()
    by_digest = {_digest(bot_id, lead_id): lead_id for lead_id in lead_ids}
    found: set[str] = set()
    for some in chunks(list(by_digest)):
        rows = session.spread(
            "SELECT digest FROM forgotten WHERE digest IN (:digests)", {"digests": some}
        )
        found |= {by_digest[digest] for (digest,) in rows}
    return found


def is_erased(event: Event) -> bool:
    """Say whether the event was about somebody who is forgotten now."""
    return event.lead is None and event.type not in (*OPERATIONS, EventType.REPORT_READY)


def bots_that_know(session: Session, lead_id: str) -> list[str]:
    """Return the bots whose leads or events have this id; ids of two bots may be equal."""
    rows = session.execute(
        "SELECT bot_id FROM records WHERE lead_id = :id"
        " UNION SELECT bot_id FROM events WHERE subject = :id AND bot_id IS NOT NULL",
        {"id": lead_id},
    )
    return [bot_id for (bot_id,) in rows]


def bots_that_forgot(session: Session, lead_id: str) -> list[str]:
    """Return the bots, of those with any data, that were told to forget this id."""
    rows = session.execute(
        "SELECT bot_id FROM sources UNION SELECT bot_id FROM listings"
    ).fetchall()
    return [bot_id for (bot_id,) in rows if is_forgotten(session, bot_id, [lead_id])]


def erase(session: Session, bot_id: str, lead_id: str, *, at_ms: int) -> Erased:
    """Empty everything that tells of the lead; what waits to be sent ends ``skipped``.

    Freed pages are overwritten; ``leave_no_trace`` of the engine does the rest afterwards.
    """
    session.overwrite_freed()
    key = {"bot_id": bot_id, "lead_id": lead_id, "lane": f"{bot_id}/{lead_id}"}
    session.execute(
        "INSERT INTO forgotten (digest, at_ms) VALUES (:digest, :at_ms) ON CONFLICT DO NOTHING",
        {"digest": _digest(bot_id, lead_id), "at_ms": at_ms},
    )
    for statement in EMPTYING:
        session.execute(statement, key)
    responses.forget(session, bot_id, lead_id, digest=_digest(bot_id, lead_id).hex())
    unsent = session.execute(
        "UPDATE deliveries SET state = 'skipped', reason = 'forgotten', claimed = 0"
        " WHERE lane_key = :lane AND state = 'pending'",
        key,
    ).rowcount
    deliveries = session.execute(
        "UPDATE deliveries SET lane_key = '', title = NULL, body = NULL, envelope = NULL,"
        " mention = NULL, accepted = '[]', error = NULL, held = NULL, claim = claim + 1"
        " WHERE lane_key = :lane",
        key,
    ).rowcount
    events = session.execute(
        "SELECT seq, body FROM events WHERE bot_id = :bot_id AND subject = :lead_id", key
    ).fetchall()
    session.executemany(
        "UPDATE events SET subject = :subject, body = :body WHERE seq = :seq",
        [{"subject": FORGOTTEN, "body": _emptied(body), "seq": seq} for seq, body in events],
    )
    _forget_in_reports(session, bot_id, lead_id)
    return Erased(events=len(events), deliveries=deliveries, unsent=unsent)


def _digest(bot_id: str, lead_id: str) -> bytes:
    return hashlib.sha256(f"{bot_id}/{lead_id}".encode()).digest()


def _emptied(body: str) -> str:
    event = decode(raw(body))
    observed_at = event.data.observed_at
    kept = msgspec.structs.replace(
        event, subject=FORGOTTEN, time=observed_at, data=EventPayload(observed_at=observed_at)
    )
    return encode(kept).decode()


def _forget_in_reports(session: Session, bot_id: str, lead_id: str) -> None:
    """Take the lead off the lists of who waits; the figures of the reports stay."""
    rows = session.execute(
        "SELECT seq, body FROM events WHERE bot_id IS NULL AND type = :type",
        {"type": EventType.REPORT_READY},
    ).fetchall()
    for seq, body in rows:
        event = decode(raw(body))
        report = mapping(event.data.report)
        waiting = entries(report.get("waiting"))
        others = [one for one in map(mapping, waiting) if not _is_of(one, bot_id, lead_id)]
        if len(others) < len(waiting):
            payload = msgspec.structs.replace(event.data, report={**report, "waiting": others})
            kept = msgspec.structs.replace(event, data=payload)
            session.execute(
                "UPDATE events SET body = :body WHERE seq = :seq",
                {"body": encode(kept).decode(), "seq": seq},
            )


def _is_of(row: Row, bot_id: str, lead_id: str) -> bool:
    return (row.get("bot_id"), row.get("lead")) == (bot_id, lead_id)
