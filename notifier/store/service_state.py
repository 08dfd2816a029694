"""What the service tells the command line of itself."""

from collections.abc import Mapping

import msgspec

from notifier.store.session import Session

LOADED_AT = "rules_loaded_at"
REFUSED = "rules_refused"
SLACK = "slack_connections"


class SlackConnections(msgspec.Struct, frozen=True, kw_only=True):
    """How what people click in Slack arrives.

    ``held`` connections are ours, ``counted`` those that Slack knows of. ``fault`` says
    since when (``since``, ISO 8601) and why there are too few, and ``remedy`` what to do.
    """

    held: int = 0
    counted: int = 0
    fault: str = ""
    remedy: str = ""
    since: str = ""


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


def keep(session: Session, name: str, value: str) -> str:
    """Write a note where there is none of its name; return the one that stands there."""
    session.execute(
        "INSERT INTO notes (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING",
        {"name": name, "value": value},
    )
    (kept,) = session.execute(
        "SELECT value FROM notes WHERE name = :name", {"name": name}
    ).fetchone()
    return str(kept)


def set_slack(session: Session, found: SlackConnections | None) -> None:
    """Note how Slack's connections are; ``None`` where nobody keeps any."""
    if found is None:
        session.execute("DELETE FROM notes WHERE name = :name", {"name": SLACK})
    else:
        put(session, SLACK, msgspec.json.encode(found).decode())


def slack(told: Mapping[str, str]) -> SlackConnections | None:
    """Return how Slack's connections are, by these notes."""
    try:
        return msgspec.json.decode(told.get(SLACK, ""), type=SlackConnections)
    except msgspec.DecodeError:
        return None
