"""How each destination stands, and what it remembers of a lead's conversation."""

from collections.abc import Mapping
from dataclasses import dataclass

from notifier.core.destination_state import DestinationState, Health
from notifier.store.forgotten import is_forgotten
from notifier.store.mapping import row_of
from notifier.store.session import Session


def state(session: Session, name: str) -> DestinationState:
    """Return how the destination stands; one never heard of is up."""
    found = session.execute(
        "SELECT state, failures, failing_since_ms AS since_ms, probe_ms, reason, remedy"
        " FROM destinations WHERE name = :name",
        {"name": name},
    )
    return row_of(stored_state, found) or DestinationState()


def stored_state(
    *,
    state: str,
    failures: int,
    since_ms: int | None,
    probe_ms: int | None,
    reason: str | None,
    remedy: str | None,
) -> DestinationState:
    """Return how a destination stands; a health that is none, in a damaged file, is up."""
    return DestinationState(
        health=Health(state) if state in tuple(Health) else Health.UP,
        failures=failures,
        since_ms=since_ms,
        probe_ms=probe_ms,
        reason=reason or "",
        remedy=remedy or "",
    )


def set_state(session: Session, name: str, state: DestinationState) -> None:
    """Record how the destination stands now."""
    session.execute(
        "INSERT INTO destinations"
        " (name, state, failures, failing_since_ms, probe_ms, reason, remedy)"
        " VALUES (:name, :state, :failures, :since_ms, :probe_ms, :reason, :remedy)"
        " ON CONFLICT (name) DO UPDATE SET state = excluded.state,"
        " failures = excluded.failures, failing_since_ms = excluded.failing_since_ms,"
        " probe_ms = excluded.probe_ms, reason = excluded.reason, remedy = excluded.remedy",
        {
            "name": name,
            "state": state.health.value,
            "failures": state.failures,
            "since_ms": state.since_ms,
            "probe_ms": state.probe_ms,
            "reason": state.reason or None,
            "remedy": state.remedy or None,
        },
    )


def probe_now(session: Session, *, now_ms: int) -> None:
    """Let the destinations in trouble be tried at once: a restart may have mended it."""
    session.execute(
        "UPDATE destinations SET probe_ms = :now_ms WHERE state IN ('failing', 'parked')",
        {"now_ms": now_ms},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was told of a destination: its present trouble, and its dead up to ``dead_ms``."""

    down: bool = False
    dead_untold: int = 0
    dead_ms: int | None = None


def told(session: Session, name: str) -> Told:
    """Return what was told of a destination, and what is still to be told."""
    found = session.execute(
        "SELECT told_down AS down, dead_untold, dead_told_ms AS dead_ms FROM destinations"
        " WHERE name = :name",
        {"name": name},
    )
    return row_of(Told, found, down=bool) or Told()


def at_turn(session: Session, name: str, *, now_ms: int) -> tuple[DestinationState, Told, bool]:
    """Return how it stands, what was told of that, and whether what waited is due.

    All at once: it is asked at every turn of every lane.
    """
    found = session.execute(
        "SELECT state, failures, failing_since_ms, probe_ms, reason, remedy,"
        " told_down, dead_untold, dead_told_ms, EXISTS ("
        "SELECT 1 FROM deliveries AS d WHERE d.destination = :name AND d.state = 'pending'"
        " AND d.claimed = 0 AND d.held IN ('settle', 'hold', 'digest')"
        " AND d.due_ms <= :now_ms)"
        " FROM destinations WHERE name = :name",
        {"name": name, "now_ms": now_ms},
    ).fetchone()
    if found is None:
        return DestinationState(), Told(), True
    state, failures, since_ms, probe_ms, reason, remedy, down, dead, dead_ms, is_due = found
    state = stored_state(
        state=state,
        failures=failures,
        since_ms=since_ms,
        probe_ms=probe_ms,
        reason=reason,
        remedy=remedy,
    )
    return state, Told(down=bool(down), dead_untold=dead, dead_ms=dead_ms), bool(is_due)


def set_told_down(session: Session, name: str, *, told: bool) -> None:
    """Remember that ``destination.down`` (or ``up``) was told."""
    session.execute(
        "UPDATE destinations SET told_down = :told WHERE name = :name",
        {"told": int(told), "name": name},
    )


def count_dead(session: Session, name: str, count: int) -> None:
    """Add to the dead deliveries that no ``delivery.dead`` event has counted yet."""
    session.execute(
        "INSERT INTO destinations (name, dead_untold) VALUES (:name, :count)"
        " ON CONFLICT (name) DO UPDATE SET dead_untold = destinations.dead_untold + :count",
        {"name": name, "count": count},
    )


def take_dead(
    session: Session, name: str, was: Told, *, now_ms: int, every_ms: int
) -> tuple[int, int | None]:
    """Return how many deaths to tell now, and when the next telling may come.

    At most one telling each ``every_ms``; what is returned counts as told.
    """
    if was.dead_untold == 0:
        return 0, None
    if was.dead_ms is not None and now_ms < was.dead_ms + every_ms:
        return 0, was.dead_ms + every_ms
    session.execute(
        "UPDATE destinations SET dead_untold = 0, dead_told_ms = :now_ms WHERE name = :name",
        {"now_ms": now_ms, "name": name},
    )
    return was.dead_untold, None


def bring_forward(session: Session, *, probe_ms: int, now_ms: int) -> None:
    """Probe at ``probe_ms`` at the latest; nothing that was told lies in the future."""
    times = {"probe_ms": probe_ms, "now_ms": now_ms}
    for statement in (
        "UPDATE destinations SET probe_ms = :probe_ms WHERE probe_ms > :probe_ms",
        "UPDATE destinations SET failing_since_ms = :now_ms WHERE failing_since_ms > :now_ms",
        "UPDATE destinations SET dead_told_ms = :now_ms WHERE dead_told_ms > :now_ms",
    ):
        session.execute(statement, times)


def untold_removed(session: Session) -> list[str]:
    """Return the destinations out of force some of whose dead were not told yet."""
    rows = session.execute(
        "SELECT name FROM destinations WHERE kind IS NULL AND dead_untold > 0 ORDER BY name"
    )
    return [name for (name,) in rows.fetchall()]


def memory(session: Session, key: str) -> dict[str, str]:
    """Return what destinations remember of the lead with this lane key."""
    return dict(
        session.execute(
            "SELECT name, value FROM memory WHERE lane_key = :key", {"key": key}
        ).fetchall()
    )


def remembered(session: Session, *, since_ms: int) -> list[str]:
    """Return the lane keys of leads of which something was remembered after ``since_ms``."""
    rows = session.execute(
        "SELECT DISTINCT lane_key FROM memory WHERE updated_ms > :since_ms",
        {"since_ms": since_ms},
    )
    return [key for (key,) in rows.fetchall()]


def remember(session: Session, key: str, entries: Mapping[str, str], *, now_ms: int) -> None:
    """Merge ``entries`` into what is remembered of this lead, unless it is forgotten."""
    bot_id, _, lead_id = key.partition("/")
    if is_forgotten(session, bot_id, [lead_id]):
        return  # its last message was under way meanwhile
    session.executemany(
        "INSERT INTO memory (lane_key, name, value, updated_ms)"
        " VALUES (:key, :name, :value, :now_ms)"
        " ON CONFLICT (lane_key, name) DO UPDATE SET value = excluded.value,"
        " updated_ms = excluded.updated_ms",
        [
            {"key": key, "name": name, "value": value, "now_ms": now_ms}
            for name, value in entries.items()
        ],
    )


def exchange(session: Session, key: str, name: str, *, old: str, new: str, now_ms: int) -> bool:
    """Write ``new`` over what is remembered of a lead; False where that is not ``old``."""
    cursor = session.execute(
        "UPDATE memory SET value = :new, updated_ms = :now_ms"
        " WHERE lane_key = :key AND name = :name AND value = :old",
        {"key": key, "name": name, "old": old, "new": new, "now_ms": now_ms},
    )
    return cursor.rowcount == 1
