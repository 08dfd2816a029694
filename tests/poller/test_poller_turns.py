"""What a source wants to ask for: what is due, and when something will be, agree."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from notifier.core.records import Source
from notifier.poller.listing import Intervals, ListingWalks
from notifier.poller.spare import REST_MS
from notifier.poller.turns import Next, Turns
from notifier.store.listings import ListingState
from notifier.store.outlooks import Outlook
from notifier.transactions.polls import WalkEnd
from notifier.upstream.budget import Purpose
from notifier.upstream.client import Listing
from notifier.upstream.order import Order
from notifier.upstream.walk import WalkType

SOURCE = Source(name="bot", bot_id="b" * 24, customer_id="c" * 24)
PAGES = 4
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("read", "read", "read", "changed", "fail", "poke", "broken")),
        st.integers(0, 2),
        st.sampled_from(list(Purpose)),
    ),
    max_size=60,
)


def listing(listing_type: str, *, order: Order, pages: int, sweep_ms: int) -> ListingWalks:
    intervals = Intervals(head_ms=15_000, sweep_ms=sweep_ms, first_run=None)
    walks = ListingWalks(
        listing=Listing(source=SOURCE, listing_type=listing_type, token=SecretStr("t")),
        intervals=intervals,
    )
    state = ListingState(
        baseline_from_ms=0,
        baseline_done_ms=0,
        last_walk=1,
        swept_ms=0,
        walk_order=order.value,
        pages=pages,
        open_walks=frozenset(),
    )
    walks.restore(state, Outlook(news_ms=-9 * REST_MS), now_ms=0, wall_ms=0)
    return walks


def use(chosen: Next, what: str, *, now_ms: int) -> None:
    """Do with a turn what a poller does."""
    walks, walk = chosen
    assert walk.page is not None
    if what == "fail":
        walks.failed(walk, now_ms=now_ms)
        return
    page = walk.page
    ids = [f"{page}"] if page <= PAGES else []
    walk.advance(ids, all_held=what != "changed")
    walks.read(walk, page)
    walks.spare.read(page, is_empty=not ids, news=what == "changed", now_ms=now_ms)
    if walk.done and walk.type is not WalkType.GLANCE:
        walks.finish(walk, now_ms=now_ms, ended=WalkEnd())


@given(
    steps=STEPS,
    order=st.sampled_from((Order.UPDATED_DESC, Order.NONE, Order.UNKNOWN)),
    pages=st.integers(1, PAGES),
    sweep_ms=st.sampled_from((0, 60_000, 6 * REST_MS)),
)
def test_who_waits_until_the_next_moment_has_something_to_ask_for(
    steps: list[tuple[str, int, Purpose]], order: Order, pages: int, sweep_ms: int
) -> None:
    now_ms = 0
    listings = [
        listing("lead", order=order, pages=pages, sweep_ms=sweep_ms),
        listing("non-lead", order=Order.NONE, pages=2, sweep_ms=sweep_ms),
    ]
    turns = Turns(listings)
    for what, minutes, purpose in steps:
        if what == "poke":
            listings[0].heads.poke(now_ms=now_ms)
        if what == "fail":
            turns.spare_ms = now_ms + 7_000
        now_ms += {"broken": 16 * 60_000}.get(what, minutes * 500)
        wanted = turns.wanted(now_ms=now_ms)
        if not turns.waiting:
            assert min(wanted.values()) > now_ms
            now_ms = min(wanted.values())
            turns.wanted(now_ms=now_ms)
        assert turns.waiting
        granted = purpose if purpose in turns.waiting else next(iter(turns.waiting))
        chosen = turns.take(granted, now_ms=now_ms)
        assert chosen is not None
        use(chosen, what, now_ms=now_ms)
