"""The tables, in the order they came to be; a change is a new migration at the end.

Times are integer milliseconds since 1970 (``_ms``). Statements keep to the part
that SQLite and PostgreSQL share, but for four words that an engine translates: INTEGER
(of 64 bits), INTEGER PRIMARY KEY (numbers itself), BLOB and STRICT.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from notifier.core.records import Lead, Source, parse
from notifier.core.rows import instant, ms_of, parse_time, stored_row
from notifier.errors import DamagedError
from notifier.store import lead_search, schema_page
from notifier.store.recollection import recollect
from notifier.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """A step of the schema; the database remembers its name once it was applied."""

    name: str
    apply: Callable[[Session], None]


def _first_tables(session: Session) -> None:
    for statement in (LISTINGS, OPEN_WALKS, RECORDS, SOURCES, QUARANTINE, REQUESTS):
        session.define(statement)
    for statement in (EVENTS, DELIVERIES, DESTINATIONS, MUTES, MEMORY):
        session.define(statement)
    for statement in (TIMERS, NOTES, FORGOTTEN, *INDEXES):
        session.define(statement)


def _records_by_type(session: Session) -> None:
    # To count leads: else `status` reads every row there is.
    session.define("CREATE INDEX records_type ON records (bot_id, type)")


def _quarantine_count(session: Session) -> None:
    # How many records a row stands for: those beyond some are one row, without a digest.
    session.define("ALTER TABLE quarantine ADD COLUMN count INTEGER NOT NULL DEFAULT 1")


def _records_changed(session: Session) -> None:
    # To show the newest: else `leads` reads and parses every row there is.
    session.define("ALTER TABLE records ADD COLUMN changed_ms INTEGER NOT NULL DEFAULT 0")
    stored = session.execute("SELECT bot_id, lead_id, row FROM records").fetchall()
    session.executemany(
        "UPDATE records SET changed_ms = :changed_ms"
        " WHERE bot_id = :bot_id AND lead_id = :lead_id",
        (
            {"changed_ms": changed_ms(text), "bot_id": bot_id, "lead_id": lead_id}
            for bot_id, lead_id, text in stored
        ),
    )
    session.define("CREATE INDEX records_changed ON records (changed_ms)")


def _ended_sessions(session: Session) -> None:
    # Of the page: whoever signs out ends a session whose cookie may be elsewhere, too.
    session.define(ENDED_SESSIONS)


def _deliveries_by_day(session: Session) -> None:
    # For the plots of the last day: else every delivery there is would be read.
    session.define(
        "CREATE INDEX deliveries_day ON deliveries (delivered_ms, planned_ms)"
        " WHERE delivered_ms IS NOT NULL"
    )


def _responses(session: Session) -> None:
    # How leads were answered: else every report would read every event there is.
    for statement in (RESPONSES, *RESPONSE_INDEXES):
        session.define(statement)
    recollect(session)


def _reports(session: Session) -> None:
    session.define(REPORTS)


def _page(session: Session) -> None:
    # What the page shows beside: it must answer soon with 100,000 leads and deliveries.
    for statement in (*schema_page.TABLES, schema_page.DELIVERY_TYPE):
        session.define(statement)
    session.execute(schema_page.FILL_TYPE)
    for statement in schema_page.INDEXES:
        session.define(statement)
    lead_search.save(session, _stored_leads(session))


def _stored_leads(session: Session) -> Iterator[Lead]:
    stored = session.execute("SELECT bot_id, type, row FROM records").fetchall()
    for bot_id, listing_type, text in stored:
        source = Source(name=bot_id, bot_id=bot_id, customer_id="")
        with suppress(DamagedError):
            yield parse(stored_row(text), listing_type=listing_type, source=source, agents={})


def _lane_key(session: Session) -> None:
    # It was named as if it were a lead's id: it is what an order is kept by.
    session.define("ALTER TABLE deliveries RENAME COLUMN lead TO lane_key")
    session.define("ALTER TABLE memory RENAME COLUMN lead TO lane_key")


MIGRATIONS = (
    Migration(name="0001_first_tables", apply=_first_tables),
    Migration(name="0002_records_by_type", apply=_records_by_type),
    Migration(name="0003_quarantine_count", apply=_quarantine_count),
    Migration(name="0004_records_changed", apply=_records_changed),
    Migration(name="0005_ended_sessions", apply=_ended_sessions),
    Migration(name="0006_deliveries_by_day", apply=_deliveries_by_day),
    Migration(name="0007_responses", apply=_responses),
    Migration(name="0008_reports", apply=_reports),
    Migration(name="0009_page", apply=_page),
    Migration(name="0010_lane_key", apply=_lane_key),
)


def changed_ms(text: str) -> int:
    """Return when a stored row last changed upstream, by its own word; 0 for never."""
    try:
        row = stored_row(text)
    except DamagedError:
        return 0
    moments = (instant(parse_time(row.get(key))) for key in ("updatedAt", "createdAt"))
    return next((ms_of(moment) for moment in moments if moment), 0)


LISTINGS = """
CREATE TABLE listings (
    bot_id TEXT NOT NULL,
    type TEXT NOT NULL,
    baseline_from_ms INTEGER,      -- the upstream's clock at the baseline's first request
    baseline_done_ms INTEGER,
    last_walk INTEGER NOT NULL DEFAULT 0,
    swept_ms INTEGER,              -- end of the last completed full walk
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
    absent INTEGER NOT NULL DEFAULT 0,  -- the last completed sweep did not find it
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

ENDED_SESSIONS = """
CREATE TABLE ended_sessions (
    id TEXT PRIMARY KEY,
    ends_ms INTEGER NOT NULL       -- when it would have ended by itself
) STRICT
"""

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

# When each report comes next. `at` is what that follows from: cron line and zone.
REPORTS = """
CREATE TABLE reports (
    name TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    due_ms INTEGER NOT NULL
) STRICT
"""

RESPONSE_INDEXES = (
    "CREATE INDEX responses_created ON responses (created_ms, bot_id, lead_id)",
    # Of sources and destinations: few among many.
    "CREATE INDEX events_operations ON events (type, seq) WHERE bot_id IS NULL",
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
