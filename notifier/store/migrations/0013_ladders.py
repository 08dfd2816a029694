"""Ladders: how far the steps of `escalate` have been told of a lead, and why that ended."""

from notifier.store.session import Session

# `reached_ms` is the `after` of the last step told, `steps` how many were. A ladder stays
# when it has ended: it says why.
LADDERS = """
CREATE TABLE ladders (
    rule TEXT NOT NULL,
    bot_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    since_ms INTEGER NOT NULL,     -- the condition holds since then
    first_ms INTEGER NOT NULL,     -- the first telling: steps count from here
    reached_ms INTEGER NOT NULL DEFAULT 0,
    steps INTEGER NOT NULL DEFAULT 0,
    due_ms INTEGER,                -- the next step; NULL where there is none
    ended_ms INTEGER,
    ended TEXT,                    -- why
    PRIMARY KEY (rule, bot_id, lead_id),
    FOREIGN KEY (bot_id, lead_id) REFERENCES records (bot_id, lead_id) ON DELETE CASCADE
) STRICT
"""

INDEXES = (
    "CREATE INDEX ladders_due ON ladders (bot_id, due_ms) WHERE due_ms IS NOT NULL",
    "CREATE INDEX ladders_lead ON ladders (bot_id, lead_id)",
)


def apply(session: Session) -> None:
    """Make the table."""
    for statement in (LADDERS, *INDEXES):
        session.define(statement)
