"""The members that share a database, and what each of them holds."""

from notifier.store.session import Session

# Who works now; a row goes when its member stops, or is removed by another one.
MEMBERS = """
CREATE TABLE members (
    id TEXT PRIMARY KEY,           -- new at each start
    name TEXT NOT NULL,            -- for people: host and process
    version TEXT NOT NULL,
    rules TEXT NOT NULL,           -- a digest of its rules
    knows TEXT NOT NULL,           -- a digest of the sources and destinations in them
    share INTEGER NOT NULL,        -- 1 where it takes its share of the work
    since_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL      -- removed from then on, unless it says that it lives
) STRICT
"""

# What is held, or was: a source, a lane, a chore. Its epoch counts its holders.
LEASES = """
CREATE TABLE leases (
    thing TEXT PRIMARY KEY,
    holder TEXT REFERENCES members (id) ON DELETE SET NULL,
    epoch INTEGER NOT NULL,
    pokes INTEGER NOT NULL DEFAULT 0  -- how often somebody asked another member to poll
) STRICT
"""


def apply(session: Session) -> None:
    """Make the tables."""
    session.define(MEMBERS)
    session.define(LEASES)
