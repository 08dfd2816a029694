"""What the page's sessions are signed with, and which of them were ended by hand."""

import secrets

from notifier.store import service_state
from notifier.store.session import Session

SECRET = "page_secret"  # noqa: S105 - its name
SECRET_BYTES = 32


def secret(session: Session) -> bytes:
    """Return the secret of this database, made where it has none yet."""
    if kept := service_state.read(session).get(SECRET):
        return bytes.fromhex(kept)
    made = secrets.token_bytes(SECRET_BYTES)
    service_state.put(session, SECRET, made.hex())
    return made


def end(session: Session, session_id: str, *, ends_ms: int, now_ms: int) -> None:
    """End a session that would last until ``ends_ms``; what is over anyhow is forgotten."""
    session.execute("DELETE FROM ended_sessions WHERE ends_ms <= :now_ms", {"now_ms": now_ms})
    session.execute(
        "INSERT INTO ended_sessions (id, ends_ms) VALUES (:id, :ends_ms)"
        " ON CONFLICT DO NOTHING",
        {"id": session_id, "ends_ms": ends_ms},
    )


def is_ended(session: Session, session_id: str) -> bool:
    """Whether somebody has ended the session."""
    found = session.execute("SELECT 1 FROM ended_sessions WHERE id = :id", {"id": session_id})
    return found.fetchone() is not None
