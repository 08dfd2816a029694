"""Walks over listings that shift, repeat, fail and never end."""

from hypothesis import given
from hypothesis import strategies as st

from notifier.upstream.walk import MAX_PAGES, MAX_PAUSE_MS, Walk, WalkType


def walk(walk_type: WalkType = WalkType.SWEEP) -> Walk:
    return Walk(type=walk_type, number=1)


def read(a_walk: Walk, *ids: str, all_held: bool = False) -> int | None:
    a_walk.advance(ids, all_held=all_held)
    return a_walk.page


def test_a_walk_begins_at_page_one_and_ends_at_an_empty_page() -> None:
    sweep = walk()
    assert sweep.page == 1
    assert read(sweep, "a", "b") == 2
    assert read(sweep, "c") == 3
    assert read(sweep) is None
    assert sweep.done
    assert sweep.pages == 2


def test_a_page_that_is_repeated_at_the_end_is_no_further_page() -> None:
    sweep = walk()
    while not sweep.done:
        read(sweep, "a", "b")
    assert sweep.pages == 1


def test_a_head_poll_of_several_pages_reads_those_in_between_once_more_backwards() -> None:
    head = Walk(type=WalkType.HEAD, number=1, turns_back=True)
    read(head, "a", "b")
    read(head, "c", "d")
    read(head, "e", "f")
    assert not head.ends_if_held
    assert read(head, "h", "i", all_held=True) == 3
    assert read(head, "f", "g") == 2
    assert read(head, "d", "e", all_held=True) is None


def test_a_page_that_wholly_changed_on_the_way_back_is_followed_as_far_as_that_goes() -> None:
    head = Walk(type=WalkType.HEAD, number=1, turns_back=True)
    for page in ("ab", "cd", "ef", "gh"):
        read(head, *page, all_held=page == "gh")
    assert head.page == 3
    asked = []
    for ids, all_changed in (("vw", True), ("xy", True), ("za", False), ("xy", False)):
        head.advance(ids, all_held=False, all_changed=all_changed)
        asked.append(head.page)
    assert asked == [4, 5, 4, 3]
    assert read(head, "vw") == 2


def test_a_head_poll_of_two_pages_is_done() -> None:
    head = Walk(type=WalkType.HEAD, number=1, turns_back=True)
    read(head, "a", "b")
    assert head.ends_if_held
    assert read(head, "c", "d", all_held=True) is None


def test_on_the_way_back_a_page_that_failed_is_the_next_one_again() -> None:
    head = Walk(type=WalkType.HEAD, number=1, turns_back=True)
    for page in ("ab", "cd", "ef", "gh"):
        read(head, *page, all_held=page == "gh")
    head.fail(1)
    assert head.page == 3
    assert read(head, "e", "f") == 2
    assert not head.is_broken(1 + 2 * MAX_PAUSE_MS)


def test_a_short_page_is_no_end() -> None:
    sweep = walk()
    read(sweep, "a", "b", "c")
    read(sweep, "d")
    assert not sweep.done


def test_a_head_poll_ends_at_the_first_page_that_was_wholly_held() -> None:
    head = walk(WalkType.HEAD)
    assert read(head, "a", "b", all_held=False) == 2
    assert read(head, "c", "d", all_held=True) is None


def test_a_sweep_and_a_baseline_read_on_through_held_pages() -> None:
    for walk_type in (WalkType.SWEEP, WalkType.BASELINE):
        assert read(walk(walk_type), "a", all_held=True) == 2


def test_a_listing_that_repeats_its_last_page_ends_after_a_second_look() -> None:
    sweep = walk()
    read(sweep, "a", "b")
    assert read(sweep, "b", "a") == 3
    assert read(sweep, "a", "b") is None


def test_a_listing_that_starts_over_ends() -> None:
    sweep = walk()
    pages = [("a",), ("b",), ("c",)]
    asked = 0
    while not sweep.done:
        read(sweep, *pages[asked % 3])
        asked += 1
    assert asked <= 10


def test_a_listing_that_grew_by_a_page_meanwhile_is_read_to_its_end() -> None:
    sweep = walk()
    read(sweep, "a", "b")
    assert read(sweep, "a", "b") == 3  # x and y came in front
    assert read(sweep, "c", "d") == 4
    assert read(sweep) is None


def test_a_failed_page_is_asked_for_again_from_one_page_earlier() -> None:
    sweep = walk()
    read(sweep, "a", "b")
    read(sweep, "c", "d")
    sweep.fail(0)
    assert sweep.page == 2
    sweep.fail(1_000)
    assert sweep.page == 2
    assert read(sweep, "c", "d") == 3
    assert read(sweep, "e", "f") == 4


def test_a_failure_on_page_one_is_asked_for_again_at_page_one() -> None:
    sweep = walk()
    sweep.fail(0)
    assert sweep.page == 1


def test_pages_read_again_after_a_pause_are_no_end_however_far_the_listing_grew() -> None:
    listing = [f"old{n}" for n in range(12)]
    sweep = walk()
    for at in (0, 2, 4, 6):
        read(sweep, *listing[at : at + 2])
    sweep.fail(0)
    listing = [f"new{n}" for n in range(5)] + listing
    while not sweep.done:
        assert sweep.page is not None
        at = 2 * sweep.page - 2
        read(sweep, *listing[at : at + 2])
    assert sweep.seen >= {f"old{n}" for n in range(12)}


def test_a_walk_breaks_after_a_pause_of_a_quarter_of_an_hour() -> None:
    sweep = walk()
    assert not sweep.is_broken(10 * MAX_PAUSE_MS)
    sweep.fail(1_000)
    sweep.fail(600_000)
    assert not sweep.is_broken(1_000 + MAX_PAUSE_MS)
    assert sweep.is_broken(1_001 + MAX_PAUSE_MS)


def test_a_page_before_the_one_that_fails_does_not_end_the_pause() -> None:
    sweep = walk()
    read(sweep, "a")
    read(sweep, "b")
    sweep.fail(0)
    assert read(sweep, "b") == 3
    sweep.fail(1_000)
    assert sweep.page == 3
    assert sweep.is_broken(MAX_PAUSE_MS + 1)


def test_the_page_before_one_that_failed_again_is_read_after_it() -> None:
    baseline = walk(WalkType.BASELINE)
    read(baseline, "a", "b")
    read(baseline, "c", "d")
    baseline.fail(0)
    read(baseline, "c", "d")
    baseline.fail(1_000)
    # "a" is deleted meanwhile, so that "e" moves up to page 2, and page 3 is the end.
    assert read(baseline) == 2
    assert read(baseline, "d", "e") is None
    assert baseline.seen == set("abcde")


def test_a_look_back_that_fails_lets_the_page_after_it_be_looked_behind() -> None:
    sweep = walk()
    read(sweep, "a", "b")
    sweep.fail(0)
    read(sweep, "a", "b")
    sweep.fail(1_000)
    assert read(sweep, "c", "d") == 1
    sweep.fail(2_000)
    assert sweep.page == 1
    # "a" is deleted meanwhile: "e" moves up to page 2, and page 3 is the end.
    assert read(sweep, "b", "c") == 3
    assert read(sweep) == 2
    assert read(sweep, "d", "e") is None
    assert sweep.seen == set("abcde")


def test_a_failed_page_that_is_read_no_more_breaks_no_way_back() -> None:
    head = Walk(type=WalkType.HEAD, number=1, turns_back=True)
    for page in ("ab", "cd", "ef"):
        read(head, *page)
    head.fail(0)
    assert read(head, "e", "f", all_held=True) == 2
    assert not head.is_broken(10 * MAX_PAUSE_MS)


def test_an_upstream_that_refuses_every_second_request_keeps_no_walk_at_its_place() -> None:
    sweep, leads = walk(), [f"{n:02}" for n in range(12)]
    for request in range(60):
        if sweep.page is None:
            break
        if request % 2:
            sweep.fail(request)
        else:
            read(sweep, *leads[2 * sweep.page - 2 : 2 * sweep.page])
    assert sweep.done
    assert sweep.seen == set(leads)


def test_a_head_poll_whose_page_failed_twice_ends_once_the_one_before_is_read() -> None:
    head = walk(WalkType.HEAD)
    read(head, "a", "b")
    head.fail(0)
    read(head, "a", "b")
    head.fail(1_000)
    assert not head.ends_if_held
    assert read(head, "c", "d", all_held=True) == 1
    assert read(head, "b", "c", all_held=True) is None


def test_a_page_ends_the_pause() -> None:
    sweep = walk()
    sweep.fail(0)
    read(sweep, "a")
    assert not sweep.is_broken(10 * MAX_PAUSE_MS)


def test_a_listing_that_never_ends_is_left_at_the_cap() -> None:
    sweep = walk()
    while not sweep.done:
        read(sweep, f"lead {sweep.page}")
    assert sweep.pages == MAX_PAGES
    assert sweep.capped


@given(
    size=st.integers(1, 5),
    count=st.integers(0, 20),
    growth=st.lists(st.integers(0, 2), max_size=12),
    pause=st.tuples(st.integers(0, 12), st.integers(0, 30)),
    clamped=st.booleans(),
)
def test_a_sweep_reads_every_lead_of_a_listing_that_grows_slower_than_it_reads(
    size: int, count: int, growth: list[int], pause: tuple[int, int], clamped: bool
) -> None:
    listing = [f"old{n}" for n in range(count)]
    sweep = walk()
    for step, grown in enumerate([*growth, *[0] * 100]):
        if sweep.page is None:
            break
        listing = _grown(listing, by=min(grown, size // 2))
        if step == pause[0]:
            sweep.fail(step)
            listing = _grown(listing, by=pause[1])
        read(sweep, *_page(listing, size=size, number=sweep.page, clamped=clamped))
    assert sweep.done
    assert sweep.seen >= {f"old{n}" for n in range(count)}


def _grown(listing: list[str], *, by: int) -> list[str]:
    return [f"new{len(listing)}.{n}" for n in range(by)] + listing


def _page(listing: list[str], *, size: int, number: int, clamped: bool) -> list[str]:
    pages = [listing[at : at + size] for at in range(0, len(listing), size)]
    if number <= len(pages):
        return pages[number - 1]
    return pages[-1] if clamped and pages else []
