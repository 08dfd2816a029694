"""The responses table made of what an older version stored: events and the snapshot."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from notifier.core.events import decode
from notifier.core.records import Source, parse
from notifier.core.responses import Step, first_step, step
from notifier.core.rows import stored_row
from notifier.errors import DamagedError
from notifier.store import responses
from notifier.store.session import Session
from notifier.store.texts import raw

BATCH = 1_000


def recollect(session: Session) -> None:
    """Fill the empty table; what cannot be read is left out."""
    for bodies in _bodies(session):
        responses.observe(session, _told(bodies))
    known = set(session.execute("SELECT bot_id, lead_id FROM responses").fetchall())
    for rows in _records(session):
        unannounced = (row for row in rows if row[:2] not in known)
        responses.observe(session, _found(unannounced), silent=True)


def _bodies(session: Session) -> Iterator[list[str]]:
    after = 0
    while found := session.execute(
        "SELECT seq, body FROM events WHERE bot_id IS NOT NULL AND seq > :after"
        " ORDER BY seq LIMIT :batch",
        {"after": after, "batch": BATCH},
    ).fetchall():
        after = found[-1][0]
        yield [body for _, body in found]


def _records(session: Session) -> Iterator[list[tuple[str, str, str, str]]]:
    bot_id = lead_id = ""
    while found := session.execute(
        "SELECT bot_id, lead_id, type, row FROM records"
        " WHERE (bot_id, lead_id) > (:bot_id, :lead_id)"
        " ORDER BY bot_id, lead_id LIMIT :batch",
        {"bot_id": bot_id, "lead_id": lead_id, "batch": BATCH},
    ).fetchall():
        bot_id, lead_id, *_ = found[-1]
        yield found


def _told(bodies: Iterable[str]) -> Iterator[Step]:
    for body in bodies:
        with suppress(DamagedError):
            told = step(decode(raw(body)))
            if told is not None:
                yield told


def _found(rows: Iterable[tuple[str, str, str, str]]) -> Iterator[Step]:
    for bot_id, _, listing_type, text in rows:
        source = Source(name="", bot_id=bot_id, customer_id="")
        with suppress(DamagedError):
            lead = parse(stored_row(text), listing_type=listing_type, source=source, agents={})
            yield first_step(lead, seen_ms=0)
