"""The first tables: listings, records, events, deliveries, and what is about them."""

from notifier.store.session import Session


def apply(session: Session) -> None:
    """Create the tables and their indexes."""
    for statement in (*TABLES, *INDEXES):
        session.define(statement)


LISTINGS = """
CREATE TABLE listings (
    bot_id TEXT NOT NULL,
    type TEXT NOT NULL,
    baseline_from_ms INTEGER,      -- the upstream's clock at the baseline's first request
    baseline_done_ms INTEGER,
    last_walk INTEGER NOT NULL DEFAULT 0,
    swept_ms INTEGER,              -- end of the last completed full walk; see listings.py
    walk_order TEXT NOT NULL DEFAULT 'unknown',
    pages INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (bot_id, type)
) STRICT
"""

# A walk that has committed something and has not completed: what it committed
# is known, but does not prove that the rest of the listing is.
OPEN_WALKS = """
CREATE TABLE open_walks (
    bot_id TEXT NOT NULL,
    type TEXT NOT NULL,
    walk INTEGER NOT NULL,
    PRIMARY KEY (bot_id, type, walk)
) STRICT
"""

RECORDS = """
CREATE TABLE records (
    bot_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    type TEXT NOT NULL,
    digest BLOB NOT NULL,          -- of the row as served, noise included
    walk INTEGER NOT NULL,         -- the walk that last committed it
    row TEXT NOT NULL,             -- the row with omissions filled from earlier ones
    late_digest BLOB,              -- an older state, read once: counts when read again
    absent INTEGER NOT NULL DEFAULT 0,  -- number of the first sweep that did not find it
    PRIMARY KEY (bot_id, lead_id)
) STRICT
"""

SOURCES = """
CREATE TABLE sources (
    bot_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'starting',
    reason TEXT,
    remedy TEXT,
    last_success_ms INTEGER,
    failures INTEGER NOT NULL DEFAULT 0   -- in a row: `once` counts them across its runs
) STRICT
"""

QUARANTINE = """
CREATE TABLE quarantine (
    bot_id TEXT NOT NULL,
    type TEXT NOT NULL,
    digest BLOB NOT NULL,
    reason TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    PRIMARY KEY (bot_id, type, digest)
) STRICT
"""

REQUESTS = """
CREATE TABLE requests (
    token TEXT NOT NULL,           -- a digest of the token, never the token
    at_ms INTEGER NOT NULL
) STRICT
"""

EVENTS = """
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    bot_id TEXT,
    subject TEXT NOT NULL,
    observed_ms INTEGER NOT NULL,
    body TEXT NOT NULL             -- the envelope: these bytes are signed and sent
) STRICT
"""

DELIVERIES = """
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    event_seq INTEGER NOT NULL REFERENCES events (seq),
    rule TEXT NOT NULL,
    destination TEXT NOT NULL,
    lead TEXT NOT NULL,            -- bot and lead id, or the operations subject: keeps order
    bundle TEXT NOT NULL,          -- deliveries of one bundle go out as one message
    title TEXT,
    body TEXT,
    envelope TEXT,                 -- in place of the event: a settled lead in its latest state
    mention TEXT,
    broadcast INTEGER,
    exempt INTEGER NOT NULL DEFAULT 0,    -- from the burst limit
    state TEXT NOT NULL DEFAULT 'pending',
    reason TEXT,
    held TEXT,                     -- why it is due later: hold, digest, settle, burst
    claim INTEGER NOT NULL DEFAULT 0,     -- fences the recording of an older claim
    claimed INTEGER NOT NULL DEFAULT 0,   -- 1 while somebody is sending it
    lost INTEGER NOT NULL DEFAULT 0,      -- claims that ended without a recording
    attempts INTEGER NOT NULL DEFAULT 0,
    accepted TEXT NOT NULL DEFAULT '[]',  -- recipients who already took it
    due_ms INTEGER NOT NULL,
    planned_ms INTEGER NOT NULL,   -- the first due time: ages count from here
    created_ms INTEGER NOT NULL,
    delivered_ms INTEGER,
    error TEXT
) STRICT
"""

DESTINATIONS = """
CREATE TABLE destinations (
    name TEXT PRIMARY KEY,
    kind TEXT,                     -- slack, webhook, …; NULL where the rules have it no more
    state TEXT NOT NULL DEFAULT 'up',
    reason TEXT,
    remedy TEXT,
    failures INTEGER NOT NULL DEFAULT 0,  -- in a row
    failing_since_ms INTEGER,
    probe_ms INTEGER,              -- when the next probe may go out
    told_down INTEGER NOT NULL DEFAULT 0,
    dead_told_ms INTEGER,
    dead_untold INTEGER NOT NULL DEFAULT 0
) STRICT
"""

MUTES = """
CREATE TABLE mutes (
    kind TEXT NOT NULL,            -- rule or destination
    name TEXT NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT
"""

# What a destination remembers of a lead's conversation (a thread, a message id).
MEMORY = """
CREATE TABLE memory (
    lead TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (lead, name)
) STRICT
"""

# Conditions of `for` rules that hold, since when, and when they come due.
TIMERS = """
CREATE TABLE timers (
    rule TEXT NOT NULL,
    bot_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    told_ms INTEGER,               -- once it came due: its repetition counts from here
    PRIMARY KEY (rule, bot_id, lead_id)
) STRICT
"""

# What the service tells the command line of itself.
NOTES = """
CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT
"""

# Persons who asked to be forgotten, as digests of their lead ids.
FORGOTTEN = """
CREATE TABLE forgotten (
    digest BLOB PRIMARY KEY,
    at_ms INTEGER NOT NULL
) STRICT
"""

TABLES = (
    *(LISTINGS, OPEN_WALKS, RECORDS, SOURCES, QUARANTINE, REQUESTS),
    *(EVENTS, DELIVERIES, DESTINATIONS, MUTES, MEMORY),
    *(TIMERS, NOTES, FORGOTTEN),
)

INDEXES = (
    "CREATE INDEX requests_at ON requests (token, at_ms)",
    "CREATE INDEX events_subject ON events (subject)",
    "CREATE INDEX events_observed ON events (observed_ms)",
    "CREATE INDEX deliveries_event ON deliveries (event_seq)",
    # For a lane's turn: it must stay quick with 100,000 deliveries waiting, and
    # whatever lies behind them. Both columns of an equality, or the planner may
    # read all that a destination was ever sent.
    "CREATE INDEX deliveries_due ON deliveries (destination, due_ms) WHERE state = 'pending'",
    (
        "CREATE INDEX deliveries_tried ON deliveries (destination, claim, due_ms)"
        " WHERE state = 'pending'"
    ),
    (
        "CREATE INDEX deliveries_planned ON deliveries (destination, planned_ms)"
        " WHERE state = 'pending'"
    ),
    "CREATE INDEX deliveries_lead ON deliveries (lead, destination) WHERE state = 'pending'",
    (
        "CREATE INDEX deliveries_bundle ON deliveries (destination, bundle)"
        " WHERE state = 'pending'"
    ),
    (
        "CREATE INDEX deliveries_held ON deliveries (destination, held, due_ms)"
        " WHERE state = 'pending' AND held IS NOT NULL"
    ),
    (
        "CREATE INDEX deliveries_claimed ON deliveries (destination)"
        " WHERE state = 'pending' AND claimed = 1"
    ),
    (
        "CREATE INDEX deliveries_lost ON deliveries (destination)"
        " WHERE state = 'pending' AND lost > 0"
    ),
    (
        "CREATE INDEX deliveries_sent ON deliveries (destination, delivered_ms)"
        " WHERE delivered_ms IS NOT NULL"
    ),
    "CREATE INDEX timers_due ON timers (bot_id, due_ms)",
    "CREATE INDEX deliveries_dead ON deliveries (destination) WHERE state = 'dead'",
)
