"""Acts on leads: what they leave, and how a repeated click is known."""

from notifier.store.session import Session

# Who is on a lead, and until when no `for` rule tells of it; nobody where `taken_ms` is NULL.
LEAD_ACTS = """
CREATE TABLE lead_acts (
    bot_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    agent TEXT,
    name TEXT,
    slack TEXT,
    taken_ms INTEGER,
    snoozed_ms INTEGER,
    PRIMARY KEY (bot_id, lead_id),
    FOREIGN KEY (bot_id, lead_id) REFERENCES records (bot_id, lead_id) ON DELETE CASCADE
) STRICT
"""

# A repeated envelope is known by its click: it is no second act.
CLICK = "ALTER TABLE acts ADD COLUMN click TEXT"
CLICKS = "CREATE UNIQUE INDEX acts_click ON acts (click) WHERE click IS NOT NULL"


def apply(session: Session) -> None:
    """Make the table, and let acts remember their clicks."""
    for statement in (LEAD_ACTS, CLICK, CLICKS):
        session.define(statement)
