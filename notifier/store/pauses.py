"""Which tokens nobody may use for a while, as the upstream told one of the members."""

from collections.abc import Mapping

from notifier.store.session import Session


def tell(session: Session, pauses: Mapping[str, int], *, now_ms: int) -> None:
    """Note for how long (ms) each of these tokens, by its key, is to pause from now on."""
    session.execute("DELETE FROM paused_tokens WHERE until_ms < :now_ms", {"now_ms": now_ms})
    session.executemany(
        "INSERT INTO paused_tokens (token, until_ms) VALUES (:token, :until_ms)"
        " ON CONFLICT (token) DO UPDATE SET until_ms = excluded.until_ms"
        " WHERE excluded.until_ms > paused_tokens.until_ms",
        [{"token": key, "until_ms": now_ms + for_ms} for key, for_ms in pauses.items()],
    )


def heard(session: Session, *, now_ms: int) -> dict[str, int]:
    """Return the tokens that pause, and until when (ms)."""
    rows = session.execute(
        "SELECT token, until_ms FROM paused_tokens WHERE until_ms > :now_ms",
        {"now_ms": now_ms},
    )
    return dict(rows.fetchall())
