"""A poll without a poller: rows that stand on the only page of a listing."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import orjson

from notifier.core.records import LEAD, Source
from notifier.core.rows import Row
from notifier.rules.model import Ruleset
from notifier.store import listings
from notifier.store.session import Session
from notifier.transactions.commit_page import Committed, commit_page
from notifier.transactions.page_comparison import Intake
from notifier.upstream.page import Page, parse_page


def page_of(rows: Iterable[Row]) -> Page:
    """Return the page on which these rows stand."""
    return parse_page(orjson.dumps({"success": True, "data": list(rows)}))


def poll(
    session: Session,
    rows: Iterable[Row],
    *,
    source: Source,
    rules: Ruleset,
    at: datetime,
    listing_type: str = LEAD,
    first_run: timedelta | None = timedelta(),
) -> Committed:
    """Commit these rows as a walk of one page: what they bring is written, nobody woken."""
    walk = listings.state(session, source.bot_id, listing_type).last_walk + 1
    intake = Intake(
        source=source, listing_type=listing_type, walk=walk, rules=rules, first_run=first_run
    )
    committed = commit_page(session, page_of(rows), intake, at=at)
    listings.close_walk(session, source.bot_id, listing_type, walk)
    return committed
