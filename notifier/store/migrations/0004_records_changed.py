"""When a record changed: else `leads` reads and parses every row there is."""

from notifier.core.rows import instant, ms_of, parse_time, stored_row
from notifier.errors import DamagedError
from notifier.store.session import Session


def apply(session: Session) -> None:
    """Add the column, fill it from what is stored, and index it."""
    session.define("ALTER TABLE records ADD COLUMN changed_ms INTEGER NOT NULL DEFAULT 0")
    stored = session.execute("SELECT bot_id, lead_id, row FROM records").fetchall()
    session.executemany(
        "UPDATE records SET changed_ms = :changed_ms"
        " WHERE bot_id = :bot_id AND lead_id = :lead_id",
        (
            {"changed_ms": changed_ms(text), "bot_id": bot_id, "lead_id": lead_id}
            for bot_id, lead_id, text in stored
        ),
    )
    session.define("CREATE INDEX records_changed ON records (changed_ms)")


def changed_ms(text: str) -> int:
    """Return when a stored row last changed upstream, by its own word; 0 for never."""
    try:
        row = stored_row(text)
    except DamagedError:
        return 0
    moments = (instant(parse_time(row.get(key))) for key in ("updatedAt", "createdAt"))
    return next((ms_of(moment) for moment in moments if moment), 0)
