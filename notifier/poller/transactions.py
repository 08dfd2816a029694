"""What a poller writes: each function is one transaction."""

from collections.abc import Sequence
from datetime import datetime

from notifier.core.events import EventType, operation
from notifier.core.records import Source
from notifier.core.rows import ms_of
from notifier.plan import told
from notifier.poller.listing import ListingWalks
from notifier.rules.model import Ruleset
from notifier.store import mutes, snapshots, sources
from notifier.store.session import Session
from notifier.transactions import overdue
from notifier.transactions import write_events as ledger
from notifier.transactions.commit_page import Committed, commit_page, present_lead
from notifier.transactions.page_comparison import Intake
from notifier.transactions.write_events import Written
from notifier.upstream.budget import Budget
from notifier.upstream.health import Transition
from notifier.upstream.order import OrderWitness
from notifier.upstream.page import Page
from notifier.upstream.walk import Walk, WalkKind


def states(session: Session, listings: Sequence[ListingWalks]) -> list[snapshots.ListingState]:
    """Return how each listing was left, creating what is new."""
    for walks in listings:
        source = walks.listing.source
        sources.register(session, source.bot_id, source.name)
    return [
        snapshots.listing(session, walks.listing.source.bot_id, walks.listing.kind)
        for walks in listings
    ]


def source_state(session: Session, bot_id: str) -> tuple[str, int | None, int]:
    """Return the state last told of a source, its last good poll, and its failures since."""
    return sources.state(session, bot_id)


def note_success(session: Session, bot_id: str, at: datetime) -> None:
    """Record that a page was read and committed."""
    sources.succeeded(session, bot_id, at_ms=ms_of(at))


def note_failures(session: Session, bot_id: str, failures: int) -> None:
    """Record how many requests in a row have failed."""
    sources.set_failures(session, bot_id, failures)


def commit(
    session: Session, page: Page, intake: Intake, at: datetime, baseline_from: datetime | None
) -> Committed:
    """Commit one page; a baseline's first also fixes from when on leads are new."""
    bot_id = intake.source.bot_id
    if baseline_from is not None:
        snapshots.listing(session, bot_id, intake.kind)
        from_ms = ms_of(baseline_from)
        snapshots.start_baseline(session, bot_id, intake.kind, from_ms=from_ms)
    return commit_page(session, page, intake, at=at)


def commit_head(
    session: Session,
    page: Page,
    intake: Intake,
    walks: ListingWalks,
    walk: Walk,
    *,
    witness: OrderWitness,
    budget: Budget,
    now_ms: int,
    at: datetime,
) -> tuple[Committed, Written | None]:
    """Commit a head poll's page, and with one that is held whole or empty the poll's end.

    ``witness`` is the walk's once it has seen the page. Returned is also what came of
    the end, or ``None`` where there is more to read: the request for it is then
    recorded at ``now_ms``, if the budget has one.
    """
    committed = commit(session, page, intake, at, None)
    if page.ids and not committed.all_held:
        key, limit = budget.key, budget.limit
        committed.ahead = sources.claim_request(session, key, limit=limit, now_ms=now_ms) == 0
        return committed, None
    return committed, finish_walk(session, walks, walk, witness, intake.rules, at=at)


def finish_walk(
    session: Session,
    walks: ListingWalks,
    walk: Walk,
    witness: OrderWitness,
    rules: Ruleset,
    *,
    at: datetime,
) -> Written:
    """Record a completed walk: after a full one also what it did not find.

    After a head poll the timers that came due before it began are told.
    """
    source, kind = walks.listing.source, walks.listing.kind
    bot_id, at_ms = source.bot_id, ms_of(at)
    order = walks.order_after(walk.kind, witness)
    if order is not walks.order:
        snapshots.set_order(session, bot_id, kind, order.value)
    if walk.kind is not WalkKind.HEAD:
        snapshots.finish_full_walk(session, bot_id, kind, at_ms=at_ms, pages=walk.pages)
        if not walk.capped:
            snapshots.mark_absent(session, bot_id, kind, walk.seen, since=walk.number)
        snapshots.close_covered(session, bot_id, kind, walk.number)
        return Written()
    snapshots.close_walk(session, bot_id, kind, walk.number)
    if walk.begun is None:
        return Written()
    return overdue.fire(
        session,
        bot_id,
        kind,
        rules,
        lambda session, key: present_lead(session, key, {bot_id: source}, rules),
        begun=walk.begun,
        mutes=mutes.active(session, now_ms=at_ms),
        at=at,
    )


def tell_transition(
    session: Session, source: Source, transition: Transition, rules: Ruleset, *, at: datetime
) -> Written:
    """Record the source's state and tell of it, as one whole."""
    at_ms = ms_of(at)
    kind = EventType(f"source.{transition.state.value}")
    sources.set_state(
        session, source.bot_id, transition.state.value, transition.reason, transition.remedy
    )
    event = operation(
        kind, source.name, at=at, reason=transition.reason, remedy=transition.remedy
    )
    written = Written()
    muted = mutes.active(session, now_ms=at_ms)
    events = told([event], rules, at=at, mutes=muted)
    ledger.write(session, events, rules, bot_id=None, at_ms=at_ms, written=written)
    return written
