"""One page of readings → one transaction: snapshot, events and deliveries together."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from notifier.core.responses import first_step
from notifier.core.rows import ms_of
from notifier.store import listings, mutes, responses, sources
from notifier.store.savepoints import savepoint, words
from notifier.store.session import Session
from notifier.transactions import overdue
from notifier.transactions import write_events as ledger
from notifier.transactions.page_comparison import Intake, PageComparison
from notifier.transactions.write_events import Written
from notifier.upstream.page import Page, Reading


@dataclass(slots=True, kw_only=True)
class Committed:
    """What a page brought. ``all_held``: every row was held by a completed walk.

    ``believed`` are the leads whose rows on it were believed, and ``overdue`` is what was
    told of those. ``saved`` are the lane keys of the leads that are not as they were.
    ``returned``: one of them was a record that the last full walk did not find.
    ``faults`` are why records were set aside that could be read.
    """

    all_held: bool
    returned: bool = False
    changed: int = 0
    believed: frozenset[str] = frozenset()
    saved: tuple[str, ...] = ()
    quarantined: list[str] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    written: Written = field(default_factory=Written)
    overdue: Written = field(default_factory=Written)

    @property
    def news(self) -> int:
        """How many leads of the page there was something to tell of."""
        return len({event.subject for event in self.written.events})

    def add(self, other: "Committed") -> None:
        """Take in what another record of the page brought; ``all_held`` is the caller's."""
        self.returned |= other.returned
        self.changed += other.changed
        self.believed |= other.believed
        self.saved += other.saved
        self.quarantined += other.quarantined
        self.written.add(other.written)


def commit_page(session: Session, page: Page, intake: Intake, *, at: datetime) -> Committed:
    """Compare a page with the snapshot and commit what it leads to, as one whole.

    Where a record brings about a fault of ours, it alone is quarantined.
    """
    with savepoint(session) as whole:
        committed = _committed(session, page, intake, at)
    return _committed_singly(session, page, intake, at) if whole.fault else committed


def _committed_singly(session: Session, page: Page, intake: Intake, at: datetime) -> Committed:
    """Commit a page record by record: what one of them raises is its own trouble."""
    # Raises where not the records are at fault, and then nothing is committed.
    committed = _committed(session, replace(page, rows=()), intake, at)
    held: list[bool] = []
    seen = {one.lead_id for one in page.rows if one.lead_id in intake.seen}
    for reading in page.rows:
        with savepoint(session) as one:
            alone = replace(intake, seen=frozenset(seen))
            found = _committed(session, Page(rows=(reading,)), alone, at)
            committed.add(found)
            held.append(found.all_held)
        if one.fault:
            _set_aside(session, reading, intake, one.fault, committed, at=at)
        seen.add(reading.lead_id)
    committed.all_held = bool(held) and all(held)
    return committed


def _set_aside(
    session: Session,
    reading: Reading,
    intake: Intake,
    fault: Exception,
    committed: Committed,
    *,
    at: datetime,
) -> None:
    bad = [(reading.digest, words(fault))]
    new = sources.quarantine(
        session, intake.source.bot_id, intake.listing_type, bad, at_ms=ms_of(at)
    )
    committed.quarantined += new
    committed.faults += [fault] if new else []


def _committed(session: Session, page: Page, intake: Intake, at: datetime) -> Committed:
    bot_id, at_ms = intake.source.bot_id, ms_of(at)
    state = listings.state(session, bot_id, intake.listing_type)
    judge = PageComparison(intake, state, mutes.active(session, now_ms=at_ms), at)
    judge.load(session, page.rows)
    for reading in page.rows:
        judge.take(reading)
    committed = Committed(
        all_held=bool(page.rows) and judge.held == len(page.rows),
        returned=judge.returned,
        changed=len(judge.saved),
        believed=frozenset(judge.believed),
        saved=tuple(f"{bot_id}/{lead_id}" for lead_id in judge.saved),
    )
    committed.quarantined = sources.quarantine(
        session,
        bot_id,
        intake.listing_type,
        [(one.digest, one.reason) for one in page.bad] + judge.damaged,
        more=page.more_bad,
        at_ms=at_ms,
    )
    judge.save(session)
    found = (first_step(lead, seen_ms=at_ms) for lead in judge.silent)
    responses.observe(session, found, silent=True)
    for lead, one in judge.plans:
        if one.timers:
            overdue.apply(session, lead, one.timers, at=at)
    events = [told for _, one in judge.plans for told in one.told]
    ledger.write(
        session, events, intake.rules, bot_id=bot_id, at_ms=at_ms, written=committed.written
    )
    return committed
