"""How leads were answered: else every report would read every event there is."""

from notifier.store.backfill import recollect
from notifier.store.session import Session


def apply(session: Session) -> None:
    """Create the table, and fill it from the events that are kept."""
    for statement in (RESPONSES, *INDEXES):
        session.define(statement)
    recollect(session)


# How each lead was answered; `forgotten` persons have a digest for an id.
RESPONSES = """
CREATE TABLE responses (
    bot_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    type TEXT NOT NULL,            -- lead or non-lead
    created_ms INTEGER NOT NULL,   -- by the upstream's word
    seen_ms INTEGER NOT NULL,      -- when it was first observed
    silent INTEGER NOT NULL DEFAULT 0,  -- found by a baseline: its past is unknown
    converted INTEGER NOT NULL DEFAULT 0,
    forgotten INTEGER NOT NULL DEFAULT 0,
    country TEXT,
    status TEXT,
    assignee TEXT,
    assignee_name TEXT,
    owner TEXT,                    -- the first one
    owned_ms INTEGER,
    replied_by TEXT,               -- who had it at the first reply by a person
    replied_ms INTEGER,
    taken_ms INTEGER,
    closed_ms INTEGER,
    reassigned INTEGER NOT NULL DEFAULT 0,  -- times, before the first reply
    PRIMARY KEY (bot_id, lead_id)
) STRICT
"""

INDEXES = (
    "CREATE INDEX responses_created ON responses (type, created_ms, bot_id, lead_id)",
    # Of sources and destinations: few among many.
    "CREATE INDEX events_operations ON events (type, seq) WHERE bot_id IS NULL",
)
