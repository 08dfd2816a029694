"""What the service tells the command line of itself."""

from notifier.store.session import Session

LOADED_AT = "rules_loaded_at"
REFUSED = "rules_refused"


def rules(session: Session, *, loaded_at: str | None, refused: str | None) -> None:
    """Note when rules were put in force, or why newer ones on disk were not."""
    if loaded_at is not None:
        put(session, LOADED_AT, loaded_at)
        session.execute("DELETE FROM notes WHERE name = :name", {"name": REFUSED})
    if refused is not None:
        put(session, REFUSED, refused)


def read(session: Session) -> dict[str, str]:
    """Return all notes by name."""
    return dict(session.execute("SELECT name, value FROM notes").fetchall())


def put(session: Session, name: str, value: str) -> None:
    """Write a note over what stood under its name."""
    session.execute(
        "INSERT INTO notes (name, value) VALUES (:name, :value)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        {"name": name, "value": value},
    )
