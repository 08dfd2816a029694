"""What the service tells the command line of itself."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

import msgspec

from notifier.store.session import Session

LOADED_AT = "rules_loaded_at"
REFUSED = "rules_refused"
SLACK = "slack_connections "  # and whose they are
SLACK_NOTED_MS = 60_000  # noted this often, at least
SLACK_KEPT_MS = 3 * SLACK_NOTED_MS  # then nobody lives who would note more


class SlackConnections(msgspec.Struct, frozen=True, kw_only=True):
    """How what people click in Slack arrives.

    ``held`` connections are ours, ``counted`` those that Slack knows of. ``fault`` says
    since when (``since``, ISO 8601) and why there are too few, and ``remedy`` what to do.
    ``at_ms`` is when it was so.
    """

    held: int = 0
    counted: int = 0
    fault: str = ""
    remedy: str = ""
    since: str = ""
    at_ms: int = 0


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


def set_slack(session: Session, keeper: str, found: SlackConnections | None) -> None:
    """Note how the connections of one process are; ``None`` where it keeps none any more."""
    if found is None:
        session.execute("DELETE FROM notes WHERE name = :name", {"name": SLACK + keeper})
    else:
        put(session, SLACK + keeper, msgspec.json.encode(found).decode())


def slack(told: Mapping[str, str], *, now_ms: int) -> SlackConnections | None:
    """Return how Slack's connections are, those of all processes together, by these notes.

    ``None`` where nobody has kept any for a while.
    """
    living = [one for one in _connections(told) if now_ms - one.at_ms < SLACK_KEPT_MS]
    if not living:
        return None
    troubled = next((one for one in living if one.fault), living[0])
    held = sum(one.held for one in living)
    return msgspec.structs.replace(
        troubled, held=held, counted=max(held, *(one.counted for one in living))
    )


def _connections(told: Mapping[str, str]) -> Iterator[SlackConnections]:
    for name, value in told.items():
        if name.startswith(SLACK):
            with suppress(msgspec.DecodeError):
                yield msgspec.json.decode(value, type=SlackConnections)
