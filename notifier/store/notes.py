"""What the service tells the command line of itself."""

from sqlite_utils import Database

LOADED_AT = "rules_loaded_at"
REFUSED = "rules_refused"


def rules(db: Database, *, loaded_at: str | None, refused: str | None) -> None:
    """Note when rules were put in force, or why newer ones on disk were not."""
    if loaded_at is not None:
        put(db, LOADED_AT, loaded_at)
        db.execute("DELETE FROM notes WHERE name = ?", [REFUSED])
    if refused is not None:
        put(db, REFUSED, refused)


def read(db: Database) -> dict[str, str]:
    """Return all notes by name."""
    return dict(db.execute("SELECT name, value FROM notes").fetchall())


def put(db: Database, name: str, value: str) -> None:
    """Write a note over what stood under its name."""
    db.execute(
        "INSERT INTO notes (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        [name, value],
    )
