"""What a poller writes: each function is one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from notifier.core.event_types import EventType
from notifier.core.events import operation
from notifier.core.records import Source
from notifier.core.rows import ms_of
from notifier.plan import plan_deliveries
from notifier.rules.model import Ruleset
from notifier.store import listings, mutes, outlooks, snapshots, sources
from notifier.store.outlooks import Outlook
from notifier.store.overdue import NO_END, Overdue
from notifier.store.session import Session
from notifier.transactions import overdue
from notifier.transactions import write_events as ledger
from notifier.transactions.commit_page import Committed, commit_page
from notifier.transactions.leads import current_lead
from notifier.transactions.overdue_events import GoodPoll
from notifier.transactions.page_comparison import Intake
from notifier.transactions.write_events import Written
from notifier.upstream.health import Transition
from notifier.upstream.order import Order
from notifier.upstream.page import Page
from notifier.upstream.walk import MAX_PAUSE_MS

LONGEST_READ = timedelta(milliseconds=MAX_PAUSE_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedWalk:
    """A walk over one listing that came to its end.

    ``begun`` is when its first page was asked for, ``None`` where that is not known. A head
    poll ``tells_all`` where it shows what changed of any lead, or nothing else is going to;
    ``swept`` is when the last full walk began that came to its end.
    ``new_order`` is the order that the listing is in, where it was another before. Of a
    full walk ``seen`` is every id that it met, ``pages`` the deepest page with one,
    and ``capped`` says that there is more behind that.
    """

    source: Source
    listing_type: str
    number: int
    is_full: bool
    begun: datetime | None
    tells_all: bool = False
    swept: datetime | None = None
    new_order: Order | None = None
    pages: int = 0
    capped: bool = False
    seen: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkEnd:
    """What came of a walk's end.

    ``waits``: a lead came due since the last full walk, and its row was not read since then.
    ``again``: a full walk may have missed a lead for which a timer or a ladder's step runs.
    """

    overdue: Written = field(default_factory=Written)
    waits: bool = False
    again: bool = False


def states(
    session: Session, watched: Sequence[tuple[Source, str]]
) -> list[tuple[listings.ListingState, Outlook]]:
    """Return how each listing, a source's of one type, was left; creates what is new."""
    for source, _ in watched:
        sources.register(session, source.bot_id, source.name)
    return [
        (
            listings.state(session, source.bot_id, listing_type),
            outlooks.outlook(session, source.bot_id, listing_type),
        )
        for source, listing_type in watched
    ]


def commit(
    session: Session,
    page: Page,
    intake: Intake,
    at: datetime,
    baseline_from: datetime | None = None,
    *,
    asked: datetime,
    outlook: Outlook | None = None,
) -> Committed:
    """Commit one page; a baseline's first also fixes from when on leads are new.

    Of the leads on it those are told that were overdue when it was ``asked`` for.
    ``outlook`` is kept, where there is one.
    """
    bot_id = intake.source.bot_id
    if baseline_from is not None:
        listings.state(session, bot_id, intake.listing_type)
        from_ms = ms_of(baseline_from)
        listings.start_baseline(session, bot_id, intake.listing_type, from_ms=from_ms)
    committed = commit_page(session, page, intake, at=at)
    if committed.believed and _is_fresh(asked, at):
        poll = _good_poll(
            session, intake.source, intake.listing_type, intake.rules, begun=asked, at=at
        )
        committed.overdue = overdue.fire(session, replace(poll, believed=committed.believed))
    if outlook is not None:
        outlooks.keep(session, bot_id, intake.listing_type, outlook)
    sources.succeeded(session, bot_id, at_ms=ms_of(at))
    return committed


def commit_head(
    session: Session,
    page: Page,
    intake: Intake,
    at: datetime,
    end: CompletedWalk,
    *,
    asked: datetime,
) -> tuple[Committed, WalkEnd | None]:
    """Commit a head poll's page, and with one that is held whole or empty the poll's end.

    Returned is also what came of the end, or ``None`` where there is more to read.
    """
    committed = commit(session, page, intake, at, asked=asked)
    if page.ids and not committed.all_held:
        return committed, None
    return committed, finish_walk(session, end, intake.rules, at=at)


def finish_walk(
    session: Session, end: CompletedWalk, rules: Ruleset, *, at: datetime
) -> WalkEnd:
    """Record a completed walk: after a full one also what it did not find.

    A head poll may also tell of the timers that came due before it began.
    """
    bot_id, listing_type, at_ms = end.source.bot_id, end.listing_type, ms_of(at)
    if end.new_order is not None:
        listings.set_order(session, bot_id, listing_type, end.new_order.value)
    if end.is_full:
        return WalkEnd(again=_finish_full(session, end, at_ms=at_ms))
    listings.close_walk(session, bot_id, listing_type, end.number)
    if end.begun is None or not _is_fresh(end.begun, at):
        return WalkEnd()
    if end.tells_all:
        poll = _good_poll(session, end.source, listing_type, rules, begun=end.begun, at=at)
        return WalkEnd(overdue=overdue.fire(session, poll))
    wanted = Overdue(bot_id=bot_id, listing_type=listing_type, until_ms=ms_of(end.begun))
    if end.swept and end.swept <= end.begun:  # else the clock was set back since then
        wanted = replace(wanted, after_ms=ms_of(end.swept))
    return WalkEnd(waits=overdue.waits(session, wanted))


def _finish_full(session: Session, end: CompletedWalk, *, at_ms: int) -> bool:
    """Record a full walk, and what it did not find; return whether the next is due at once.

    It is where the walk was the first to miss records, and a timer or a step runs for one of
    them: a deletion may have moved it to a page already read. In a walk that looked for such
    leads again, the ones count, too, that it was to look for and has missed once more.
    """
    bot_id, listing_type, number = end.source.bot_id, end.listing_type, end.number
    since = listings.state(session, bot_id, listing_type).looks_since or number
    if not end.capped:
        snapshots.mark_absent(session, bot_id, listing_type, end.seen, since=number)
    missing = Overdue(
        bot_id=bot_id,
        listing_type=listing_type,
        until_ms=NO_END,
        missed_since=since,
    )
    again = overdue.waits(session, missing) and snapshots.misses_any(
        session, bot_id, listing_type, number
    )
    looks_since = since if again else None
    listings.finish_full_walk(
        session, bot_id, listing_type, at_ms=at_ms, pages=end.pages, looks_since=looks_since
    )
    listings.close_covered(session, bot_id, listing_type, number)
    return again


def _is_fresh(asked: datetime, at: datetime) -> bool:
    """Return whether what was read since then may accuse anyone at ``at``.

    A disk may have been full for hours, the host asleep, or its clock set back.
    """
    return timedelta(0) <= at - asked <= LONGEST_READ


def _good_poll(
    session: Session,
    source: Source,
    listing_type: str,
    rules: Ruleset,
    *,
    begun: datetime,
    at: datetime,
) -> GoodPoll:
    return GoodPoll(
        bot_id=source.bot_id,
        listing_type=listing_type,
        begun=begun,
        at=at,
        rules=rules,
        mutes=mutes.active(session, now_ms=ms_of(at)),
        current_lead=lambda session, key: current_lead(
            session, key, {source.bot_id: source}, rules
        ),
    )


def tell_transition(
    session: Session, source: Source, transition: Transition, rules: Ruleset, *, at: datetime
) -> Written:
    """Record the source's state and tell of it, as one whole."""
    at_ms = ms_of(at)
    event_type = EventType(f"source.{transition.state.value}")
    sources.set_state(
        session, source.bot_id, transition.state.value, transition.reason, transition.remedy
    )
    event = operation(
        event_type, source.name, at=at, reason=transition.reason, remedy=transition.remedy
    )
    written = Written()
    muted = mutes.active(session, now_ms=at_ms)
    events = plan_deliveries([event], rules, at=at, mutes=muted)
    ledger.write(session, events, rules, bot_id=None, at_ms=at_ms, written=written)
    return written
