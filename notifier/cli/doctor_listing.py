"""``doctor`` at the upstream: token and ids, the listing's shape, rate and clock."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import SecretStr

from notifier.cli.findings import Finding, doubtful, wrong
from notifier.errors import BusyError, StoreError, UpstreamError
from notifier.messages.facts import duration
from notifier.rules.model import SourceSpec
from notifier.upstream.budget import Budget, Purpose
from notifier.upstream.client import Client, Listing
from notifier.upstream.glances import TURNS, WALK_TURNS
from notifier.upstream.order import Order, OrderWitness
from notifier.upstream.page import Page

PAGES = 3
TURN_TIMEOUT_S = 65.0
# Receivers of signed webhooks refuse what is five minutes off.
DOUBTFUL_SKEW_S = 10
WRONG_SKEW_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """What the checks of all listings share; ``sweeps`` says whether full walks are on."""

    client: Client
    budget: Callable[[SecretStr], Budget]
    rate_limit: int
    sweeps: bool


@dataclass(slots=True, kw_only=True)
class FirstPages:
    """The first pages of a listing, as far as they could be read."""

    pages: list[Page] = field(default_factory=list)
    took_s: float = 0.0
    skew_s: float | None = None
    error: UpstreamError | StoreError | BusyError | TimeoutError | None = None

    @property
    def ended(self) -> bool:
        """Whether the listing's end was seen."""
        return bool(self.pages) and not self.pages[-1].ids


async def check_source(spec: SourceSpec, upstream: Upstream) -> list[Finding]:
    """Read the first pages of each of a source's listings, within the shared budget."""
    assert spec.token is not None
    listings = [
        Listing(source=spec.source, listing_type=listing_type, token=spec.token)
        for listing_type in spec.types
    ]
    pages = [await first_pages(listing, upstream) for listing in listings]
    found: list[Finding] = []
    for listing, one in zip(listings, pages, strict=True):
        name = f"{spec.source.name}: {listing.listing_type}"
        found += _findings(name, one, upstream)
    skews = [one.skew_s for one in pages if one.skew_s is not None]
    return [*found, *_clock(spec.source.name, skews)]


async def first_pages(listing: Listing, upstream: Upstream) -> FirstPages:
    """Read up to three pages; what goes wrong ends the look and stands in it."""
    seen = FirstPages()
    try:
        for number in range(1, PAGES + 1):
            turn = upstream.budget(listing.token).turn({Purpose.HEAD: 0})
            async with asyncio.timeout(TURN_TIMEOUT_S), turn:
                pass
            begun_s = time.monotonic()
            page = await upstream.client.page(listing, number)
            seen.took_s = max(seen.took_s, time.monotonic() - begun_s)
            seen.pages.append(page)
            if page.served_at and seen.skew_s is None:
                seen.skew_s = (datetime.now(UTC) - page.served_at).total_seconds()
            if seen.ended:
                break
    except (UpstreamError, StoreError, BusyError, TimeoutError) as error:
        seen.error = error
    return seen


def _findings(name: str, seen: FirstPages, upstream: Upstream) -> Iterator[Finding]:
    if seen.error is not None:
        yield _failed(name, seen.error)
    if not seen.pages:
        return
    first = seen.pages[0]
    size = len(first.rows) + len(first.bad)
    listed = f"{size} {'record' if size == 1 else 'records'} on page 1"
    yield Finding(
        check=f"{name} token and ids", found=f"accepted: {listed}, {seen.took_s:.1f} s"
    )
    if bad := [one for page in seen.pages for one in page.bad]:
        yield doubtful(
            f"{name} records",
            f"{len(bad)} cannot be read: {bad[0].reason}",
            "they are left out; the others are unharmed",
        )
    yield _order(f"{name} order", seen, upstream)


def _failed(name: str, error: Exception) -> Finding:
    if isinstance(error, TimeoutError):
        return wrong(
            f"{name} budget",
            "no request was free for a minute",
            "the running service uses them all: raise NOTIFIER_RATE_LIMIT (at most 100), "
            "or lengthen NOTIFIER_POLL_INTERVAL",
        )
    remedy = error.remedy if isinstance(error, UpstreamError) else ""
    return wrong(f"{name} listing", str(error), remedy)


def _order(check: str, seen: FirstPages, upstream: Upstream) -> Finding:
    if seen.ended and len(seen.pages) <= 2:
        return Finding(check=check, found="one page: every poll sees all of it")
    witness = OrderWitness()
    for number, page in enumerate(seen.pages, start=1):
        witness.page(number, [one.row for one in page.rows])
    order = witness.order()
    if order.newest_change_first:
        return Finding(check=check, found="newest change first: polls see every change")
    read = sum(len(page.ids) for page in seen.pages)
    found = f"{order.value}: polls alone would miss changes of old records"
    if order is Order.UNKNOWN:
        found = f"not to be seen in {read} records: polls alone might miss changes"
    if not upstream.sweeps:
        remedy = "full walks are off: set NOTIFIER_SWEEP_INTERVAL, for example to 6h"
        return wrong(check, found, remedy)
    # A tenth of the requests at least is spare, and full walks have their part of it.
    pages_a_minute = max(upstream.rate_limit // 10, 1) * WALK_TURNS / TURNS
    pace_s = 60 * 1000 * len(seen.pages) / read / pages_a_minute
    remedy = "full walks and glances will look for them; 1000 records take at most "
    return doubtful(check, found, remedy + duration(pace_s))


def _clock(name: str, skews: list[float]) -> Iterator[Finding]:
    check = f"{name}: clock"
    if not skews:
        return
    skew_s = min(skews, key=abs)
    found = f"{abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} BotPenguin's"
    remedy = "let this host keep its time (systemd-timesyncd, chrony)"
    if abs(skew_s) >= WRONG_SKEW_S:
        yield wrong(check, found, f"{remedy}: receivers refuse signatures this old")
    elif abs(skew_s) >= DOUBTFUL_SKEW_S:
        yield doubtful(check, found, remedy)
    else:
        yield Finding(check=check, found="agrees with BotPenguin's")
