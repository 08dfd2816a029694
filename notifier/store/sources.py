"""Sources and their trouble, the quarantine of bad records, and the request log."""

from collections.abc import Sequence
from typing import Final

from notifier.core.pacing import WINDOW_MS, wait_ms
from notifier.store.batches import insert
from notifier.store.session import Session

MAX_QUARANTINED: Final = 1_000  # of a source, one by one: nobody reads more
BEYOND: Final = b""  # stands where the other rows have their digest


def register(session: Session, bot_id: str, name: str) -> None:
    """Give the bot's source its present name; its identity is the bot id."""
    session.execute(
        "INSERT INTO sources (bot_id, name) VALUES (:bot_id, :name)"
        " ON CONFLICT (bot_id) DO UPDATE SET name = excluded.name",
        {"bot_id": bot_id, "name": name},
    )


def name(session: Session, bot_id: str) -> str | None:
    """Return what the bot's source is called, ``None`` where it is not in force."""
    found = session.execute(
        "SELECT name FROM sources WHERE bot_id = :bot_id", {"bot_id": bot_id}
    ).fetchone()
    return str(found[0]) if found else None


def succeeded(session: Session, bot_id: str, *, at_ms: int) -> None:
    """Record a page that was read; the first one ends the source's start."""
    session.execute(
        "UPDATE sources SET last_success_ms = :at_ms,"
        " state = CASE state WHEN 'starting' THEN 'up' ELSE state END WHERE bot_id = :bot_id",
        {"bot_id": bot_id, "at_ms": at_ms},
    )


def state(session: Session, bot_id: str) -> tuple[str, int | None, int]:
    """Return a registered source's state, when it was last read, and its failures in a row."""
    found = session.execute(
        "SELECT state, last_success_ms, failures FROM sources WHERE bot_id = :bot_id",
        {"bot_id": bot_id},
    ).fetchone()
    return found[0], found[1], found[2]


def latest_success_ms(session: Session) -> int | None:
    """Return when a source was last read, by the clock of then."""
    (at_ms,) = session.execute("SELECT MAX(last_success_ms) FROM sources").fetchone()
    return None if at_ms is None else int(at_ms)


def bring_forward(session: Session, *, now_ms: int) -> None:
    """Let no source have been read later than now."""
    session.execute(
        "UPDATE sources SET last_success_ms = :now_ms WHERE last_success_ms > :now_ms",
        {"now_ms": now_ms},
    )


def set_failures(session: Session, bot_id: str, failures: int) -> None:
    """Record how many requests in a row have failed."""
    session.execute(
        "UPDATE sources SET failures = :failures WHERE bot_id = :bot_id",
        {"bot_id": bot_id, "failures": failures},
    )


def set_state(session: Session, bot_id: str, state: str, reason: str, remedy: str) -> None:
    """Record whether the source is ``up`` or ``down``, and why."""
    session.execute(
        "UPDATE sources SET state = :state, reason = :reason, remedy = :remedy"
        " WHERE bot_id = :bot_id",
        {
            "bot_id": bot_id,
            "state": state,
            "reason": reason or None,
            "remedy": remedy or None,
        },
    )


def quarantine(
    session: Session,
    bot_id: str,
    listing_type: str,
    bad: Sequence[tuple[bytes, str]],
    *,
    more: int = 0,
    at_ms: int,
) -> list[str]:
    """Keep a page's bad records by digest and return the reasons of those not seen before.

    ``more`` are those beyond ``bad``. They, and what is beyond ``MAX_QUARANTINED`` of a
    source, share a row: the most there ever were on one page.
    """
    new = [
        one for one in dict(bad).items() if not _is_kept(session, bot_id, listing_type, one[0])
    ]
    room = max(MAX_QUARANTINED - _kept(session, bot_id), 0) if new else 0
    rows = [(bot_id, listing_type, digest, reason, at_ms) for digest, reason in new[:room]]
    insert(session, "quarantine (bot_id, type, digest, reason, first_seen_ms)", rows)
    reasons = [reason for _, reason in new[:room]]
    uncounted = len(new) - len(reasons) + more
    if uncounted and _grows(session, bot_id, listing_type, uncounted, at_ms=at_ms):
        reasons.append(f"{uncounted} more on one page")
    return reasons


def _is_kept(session: Session, bot_id: str, listing_type: str, digest: bytes) -> bool:
    return bool(
        session.execute(
            "SELECT 1 FROM quarantine"
            " WHERE bot_id = :bot_id AND type = :type AND digest = :digest",
            {"bot_id": bot_id, "type": listing_type, "digest": digest},
        ).fetchone()
    )


def _kept(session: Session, bot_id: str) -> int:
    (count,) = session.execute(
        "SELECT COUNT(*) FROM quarantine WHERE bot_id = :bot_id", {"bot_id": bot_id}
    ).fetchone()
    return int(count)


def _grows(session: Session, bot_id: str, listing_type: str, count: int, *, at_ms: int) -> bool:
    """Whether there were never so many beyond those kept one by one."""
    return bool(
        session.execute(
            "INSERT INTO quarantine (bot_id, type, digest, reason, first_seen_ms, count)"
            " VALUES (:bot_id, :listing_type, :digest, 'beyond those kept', :at_ms, :count)"
            " ON CONFLICT (bot_id, type, digest) DO UPDATE SET count = excluded.count"
            " WHERE excluded.count > quarantine.count RETURNING 1",
            {
                "bot_id": bot_id,
                "listing_type": listing_type,
                "digest": BEYOND,
                "at_ms": at_ms,
                "count": count,
            },
        ).fetchone()
    )


def claim_request(session: Session, token_key: str, *, limit: int, now_ms: int) -> int:
    """Record a request by the clock that all who share the database have; see :func:`grant`.

    ``now_ms`` is the present by a clock of this host.
    """
    return grant(session, token_key, limit=limit, now_ms=session.shared_ms(now_ms))


def grant(session: Session, token_key: str, *, limit: int, now_ms: int) -> int:
    """Record a request where the budget grants it; else return the milliseconds to wait.

    ``token_key`` is a digest of the token: the database holds no secret. A time later
    than the clock allows (a reboot, a clock set back) counts as now: it delays by a
    window, and not by hours.
    """
    key = {"token": token_key, "now_ms": now_ms, "window_ms": WINDOW_MS}
    session.execute(
        "UPDATE requests SET at_ms = :now_ms"
        " WHERE token = :token AND at_ms > :now_ms + :window_ms",
        key,
    )
    session.execute(
        "DELETE FROM requests WHERE token = :token AND at_ms <= :now_ms - :window_ms", key
    )
    counted = session.execute(
        "SELECT at_ms FROM requests WHERE token = :token"
        " ORDER BY at_ms DESC LIMIT 1 OFFSET :others",
        {"token": token_key, "others": limit - 1},
    ).fetchone()
    left_ms = wait_ms(counted[0] if counted else None, now_ms=now_ms)
    if left_ms == 0:
        session.execute("INSERT INTO requests (token, at_ms) VALUES (:token, :now_ms)", key)
    return left_ms
