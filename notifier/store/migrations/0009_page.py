"""Tables and indexes for the page: what was tried, who did what, how leads are found."""

from collections.abc import Iterator
from contextlib import suppress

from notifier.core.records import Lead, Source, parse
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.store import lead_search
from notifier.store.session import Session


def apply(session: Session) -> None:
    """Create what the page reads: it must answer soon with 100,000 leads and deliveries."""
    for statement in (*TABLES, DELIVERY_TYPE):
        session.define(statement)
    session.execute(FILL_TYPE)
    for statement in INDEXES:
        session.define(statement)
    lead_search.save(session, _stored_leads(session))


def _stored_leads(session: Session) -> Iterator[Lead]:
    stored = session.execute("SELECT bot_id, type, row FROM records").fetchall()
    for bot_id, listing_type, text in stored:
        source = Source(name=bot_id, bot_id=bot_id, customer_id="")
        with suppress(DamagedError):
            yield parse(stored_row(text), listing_type=listing_type, source=source, agents={})


# Each try of a delivery: when it ended, how long it took, what the receiver said.
ATTEMPTS = """
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    at_ms INTEGER NOT NULL,
    took_ms INTEGER,
    taken INTEGER NOT NULL,        -- 1 where the receiver took it
    answer TEXT                    -- its words, or why there are none; may hold a visitor's
) STRICT
"""

# What people did through the page and the command line.
ACTS = """
CREATE TABLE acts (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    act TEXT NOT NULL,             -- retry, skip, mute, unmute, enable, disable, …
    target TEXT NOT NULL,          -- a rule's or destination's name, or which deliveries
    lead TEXT,                     -- bot and lead id, where it was about one lead
    who TEXT NOT NULL,             -- as far as the door knows
    through TEXT NOT NULL,         -- web, cli, slack
    until_ms INTEGER,
    count INTEGER
) STRICT
"""

# A narrow row for each record: to search a hundred thousand, their wide rows are not read.
# Texts are comparable ones (see cleaning), tags between line feeds.
LEAD_SEARCH = """
CREATE TABLE lead_search (
    bot_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    changed_ms INTEGER NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    country TEXT NOT NULL,
    tags TEXT NOT NULL,
    words TEXT NOT NULL,           -- name, mail, phone, id, last message
    open_words TEXT NOT NULL,      -- the same without phone numbers and mail addresses
    PRIMARY KEY (bot_id, lead_id),
    FOREIGN KEY (bot_id, lead_id) REFERENCES records (bot_id, lead_id) ON DELETE CASCADE
) STRICT
"""

# Leads that a `for` rule has told of, for as long as its condition holds on.
OVERDUE = """
CREATE TABLE overdue (
    bot_id TEXT NOT NULL,
    lead_id TEXT NOT NULL,
    rule TEXT NOT NULL,
    told_ms INTEGER NOT NULL,
    PRIMARY KEY (bot_id, lead_id, rule),
    FOREIGN KEY (bot_id, lead_id) REFERENCES records (bot_id, lead_id) ON DELETE CASCADE
) STRICT
"""

TABLES = (ATTEMPTS, ACTS, LEAD_SEARCH, OVERDUE)

INDEXES = (
    "CREATE INDEX attempts_delivery ON attempts (delivery_id)",
    "CREATE INDEX acts_lead ON acts (lead) WHERE lead IS NOT NULL",
    "CREATE INDEX lead_search_changed ON lead_search (changed_ms, bot_id, lead_id)",
    # State by state, from its end for a page and through for a count: no delivery itself
    # is read.
    (
        "CREATE INDEX deliveries_page ON deliveries"
        " (state, id, destination, rule, type, created_ms)"
    ),
    "CREATE INDEX deliveries_failed ON deliveries (state, id) WHERE error IS NOT NULL",
    "CREATE INDEX deliveries_rule ON deliveries (rule, event_seq)",
)

# What a delivery is about, for the filter by type.
DELIVERY_TYPE = "ALTER TABLE deliveries ADD COLUMN type TEXT NOT NULL DEFAULT ''"
FILL_TYPE = (
    "UPDATE deliveries SET type = (SELECT e.type FROM events AS e WHERE e.seq = event_seq)"
)
