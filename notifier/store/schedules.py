"""When each report is due next: kept here, so that none is lost or told twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A report's next moment; ``at`` is the cron line and zone that it follows from."""

    at: str
    due_ms: int


def known(session: Session) -> dict[str, Due]:
    """Return every report that has a next moment, by name."""
    rows = session.execute("SELECT name, at, due_ms FROM reports").fetchall()
    return {name: Due(at=at, due_ms=due_ms) for name, at, due_ms in rows}


def set_due(session: Session, due: Mapping[str, Due]) -> None:
    """Record when these reports are due next."""
    session.executemany(
        "INSERT INTO reports (name, at, due_ms) VALUES (:name, :at, :due_ms)"
        " ON CONFLICT (name) DO UPDATE SET at = excluded.at, due_ms = excluded.due_ms",
        [{"name": name, "at": one.at, "due_ms": one.due_ms} for name, one in due.items()],
    )


def remove(session: Session, names: Iterable[str]) -> None:
    """Forget reports that the rules have no more."""
    session.executemany("DELETE FROM reports WHERE name = :name", [{"name": n} for n in names])


def take(session: Session, name: str, *, due_ms: int, next_ms: int) -> bool:
    """Let the next moment be ``next_ms``; False where somebody took this one already."""
    return bool(
        session.execute(
            "UPDATE reports SET due_ms = :next_ms WHERE name = :name AND due_ms = :due_ms",
            {"name": name, "due_ms": due_ms, "next_ms": next_ms},
        ).rowcount
    )


def unread_since(session: Session, at_ms: int, bots: Iterable[str]) -> bool:
    """Whether one of these bots' sources, and not a down one, was last read before then."""
    rows = session.execute(
        "SELECT bot_id FROM sources WHERE state <> 'down'"
        " AND (last_success_ms IS NULL OR last_success_ms < :at_ms)",
        {"at_ms": at_ms},
    ).fetchall()
    return bool({bot_id for (bot_id,) in rows} & set(bots))
