"""What sessions of the page and buttons are signed with; which sessions ended by hand."""

import secrets

from notifier.store import service_state
from notifier.store.session import Session

SECRET = "page_secret"  # noqa: S105 - its name
BUTTONS = "button_secret"
SECRET_BYTES = 32


def secret(session: Session, name: str = SECRET) -> bytes:
    """Return a secret of this database by its name, made where it has none yet."""
    kept = service_state.keep(session, name, secrets.token_bytes(SECRET_BYTES).hex())
    return bytes.fromhex(kept)


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
