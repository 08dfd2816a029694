"""Whether anything has changed that a page shows, by a few numbers that cost nothing."""

from typing import TypeAlias

from notifier.store.session import Session

Marks: TypeAlias = tuple[object, ...]
"""Equal while nothing has changed."""

# One row each: the highest number of what only grows, and small tables in a few figures.
MARKS = (
    "SELECT MAX(seq) FROM events",
    "SELECT MAX(id) FROM deliveries",
    "SELECT MAX(delivered_ms) FROM deliveries WHERE delivered_ms IS NOT NULL",
    "SELECT MAX(changed_ms) FROM lead_search",
    "SELECT MAX(id) FROM attempts",
    "SELECT MAX(id), SUM(count) FROM acts",
    "SELECT COUNT(*) FROM overdue",
    (
        "SELECT COUNT(*), SUM(failures), SUM(failing_since_ms), SUM(probe_ms),"
        " SUM(LENGTH(state) + LENGTH(COALESCE(reason, ''))) FROM destinations"
    ),
    (
        "SELECT COUNT(*), SUM(failures), SUM(LENGTH(state) + LENGTH(COALESCE(reason, '')))"
        " FROM sources"
    ),
    "SELECT COUNT(*), SUM(until_ms) FROM mutes",
    "SELECT COUNT(*), SUM(due_ms) FROM timers",
    "SELECT COUNT(*), SUM(due_ms), SUM(ended_ms) FROM ladders",
    "SELECT MAX(value) FROM notes WHERE name = 'rules_loaded_at'",
    "SELECT COUNT(*) FROM notes",
)


def marks(session: Session) -> Marks:
    """Return the numbers as they are now."""
    return tuple(value for one in MARKS for value in session.execute(one).fetchone())
