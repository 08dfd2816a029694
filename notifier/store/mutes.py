"""Rules and destinations that a person silenced, until when."""

from notifier.core.mutes import Mutes
from notifier.store.health import MuteTarget
from notifier.store.session import Session


def active(session: Session, *, now_ms: int) -> Mutes:
    """Return what is muted at ``now_ms``."""
    rows = session.execute(
        "SELECT target, name FROM mutes WHERE until_ms > :now_ms", {"now_ms": now_ms}
    ).fetchall()
    rules, destinations = (
        frozenset(name for muted, name in rows if muted == target) for target in MuteTarget
    )
    return Mutes(rules=rules, destinations=destinations)


def mute(session: Session, target: MuteTarget, name: str, *, until_ms: int) -> None:
    """Silence a rule or destination; a later call replaces the end."""
    session.execute(
        "INSERT INTO mutes (target, name, until_ms) VALUES (:target, :name, :until_ms)"
        " ON CONFLICT (target, name) DO UPDATE SET until_ms = excluded.until_ms",
        {"target": target.value, "name": name, "until_ms": until_ms},
    )


def bring_forward(session: Session, *, by_ms: int, now_ms: int) -> None:
    """Let every mute end so much sooner."""
    session.execute(
        "UPDATE mutes SET until_ms = until_ms - :by_ms WHERE until_ms > :now_ms",
        {"by_ms": by_ms, "now_ms": now_ms},
    )


def unmute(session: Session, target: MuteTarget, name: str) -> bool:
    """End a silence; False where there was none."""
    cursor = session.execute(
        "DELETE FROM mutes WHERE target = :target AND name = :name",
        {"target": target.value, "name": name},
    )
    return cursor.rowcount > 0
