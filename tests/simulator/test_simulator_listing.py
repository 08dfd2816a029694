from hypothesis import given
from hypothesis import strategies as st

from notifier.simulator.listing import Listing, Order

TIMES = st.sampled_from(["2026-03-02T09:00", "2026-03-02T09:01", "2026-03-02T09:02"])
PUTS = st.tuples(st.sampled_from("abcdef"), TIMES)
REMOVALS = st.tuples(st.sampled_from("abcdef"), st.none())


@given(st.sampled_from(Order), st.lists(PUTS | REMOVALS), st.integers(1, 4))
def test_pages_are_the_sorted_rows_cut_into_pieces(
    order: Order, steps: list[tuple[str, str | None]], size: int
) -> None:
    listing, kept = Listing(order), {}
    for lead_id, time in steps:
        if time:
            kept[lead_id] = {"_id": lead_id, "updatedAt": time, "createdAt": "2026-03-01"}
            listing.put(kept[lead_id])
        elif lead_id in listing:
            listing.remove(lead_id)
            del kept[lead_id]
    pages = [listing.page(number, size) for number in range(1, 9)]
    shown = [row for page in pages for row in page]
    assert all(len(page) == size for page in pages[: len(kept) // size])
    assert {row["_id"]: row for row in shown} == kept
    assert len(shown) == len(listing) == len(kept)
    if order in (Order.UPDATED_DESC, Order.UPDATED_ASC):
        times = [row["updatedAt"] for row in shown]
        assert times == sorted(times, reverse=order is Order.UPDATED_DESC)


@given(st.sampled_from(Order), st.lists(PUTS))
def test_sorting_anew_is_as_if_it_had_been_so_all_along(
    order: Order, puts: list[tuple[str, str | None]]
) -> None:
    listings = Listing(order), Listing(Order.ID_ASC)
    for lead_id, time in puts:
        for listing in listings:
            listing.put({"_id": lead_id, "updatedAt": time, "createdAt": time})
    listings[1].sort(order)
    assert listings[0].page(1, 10) == listings[1].page(1, 10)
