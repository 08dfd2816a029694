"""Which page is read next: what is learnt of each, and what comes of it in a busy inbox."""

import pytest

from notifier.upstream.glances import HOUR_MS, Glances, Learnt, densities
from support.inbox import PAGE, Inbox, Reader, Waits, hot, mixed, uniform, waits

MINUTE_MS = 60_000
FAR_MS = 10 * HOUR_MS


def known(pages: int, **news: int) -> Glances:
    """Return what is known of a listing once there was news on these pages (``p7=2``)."""
    glances = Glances(pages=pages, now_ms=0)
    for page, count in news.items():
        for _ in range(count):
            glances.learn(int(page.removeprefix("p")), news=1, now_ms=0)
    return glances


def test_of_pages_that_changed_alike_the_one_that_was_read_longest_ago_is_next() -> None:
    glances = known(60)
    for page in range(1, 61):
        minutes = {30: 3, 40: 1, 42: 2}.get(page, 9)
        glances.note(page, now_ms=minutes * MINUTE_MS)
    page = glances.choose(walk_page=1, head_ms=FAR_MS, now_ms=10 * MINUTE_MS)
    assert page == 40


def test_a_page_that_the_full_walk_reads_next_is_left_to_it() -> None:
    glances = known(40)
    assert glances.choose(walk_page=1, head_ms=FAR_MS, now_ms=MINUTE_MS) > 20
    assert 1 < glances.choose(walk_page=30, head_ms=FAR_MS, now_ms=MINUTE_MS) < 30


def test_page_1_is_left_to_a_head_poll_that_is_due() -> None:
    glances = known(2, p1=20)
    glances.note(2, now_ms=MINUTE_MS // 2)
    assert glances.choose(walk_page=2, head_ms=FAR_MS, now_ms=MINUTE_MS) == 1
    assert glances.choose(walk_page=2, head_ms=0, now_ms=MINUTE_MS) == 2


def test_a_page_that_changes_four_times_as_often_may_be_half_as_old() -> None:
    rates = known(2).rates(now_ms=0)
    assert rates == [0.5, 0.5]
    glances = known(60, p1=400, p60=100)
    first, *_, last = glances.rates(now_ms=FAR_MS)
    assert first / last == pytest.approx(4, rel=0.15)
    late_ms = FAR_MS + MINUTE_MS
    for first_s, chosen in ((20, 1), (40, 60)):
        glances.note(1, now_ms=late_ms - (60 - first_s) * 1000)
        for page in range(2, 60):
            glances.note(page, now_ms=late_ms)
        glances.note(60, now_ms=late_ms - 60_000)
        assert glances.choose(walk_page=2, head_ms=FAR_MS, now_ms=late_ms) == chosen


def test_depth_counts_from_the_nearer_end_whatever_the_order() -> None:
    for news in ({"p1": 30}, {"p200": 30}):
        rates = known(200, **news).rates(now_ms=FAR_MS)
        near, far = (rates[0], rates[-1]) if "p1" in news else (rates[-1], rates[0])
        assert near > 10 * far


def test_shares_are_of_all_changes() -> None:
    for glances in (known(7), known(7, p3=4), known(500, p1=9, p400=1)):
        assert sum(glances.rates(now_ms=0)) == pytest.approx(1)
        assert min(glances.rates(now_ms=0)) > 0


def test_a_page_is_watched_for_an_hour_once_that_has_proved_right() -> None:
    glances = Glances(pages=400, now_ms=0)
    for number, page in enumerate((30, 90, 150, 210, 270, 330) * 4):
        for minute in range(10):
            glances.learn(page, news=1, now_ms=(number * 60 + minute) * MINUTE_MS)
    now_ms = 24 * 60 * MINUTE_MS
    glances.learn(180, news=1, now_ms=now_ms)
    assert glances.rates(now_ms=now_ms)[179] > 20 * glances.rates(now_ms=now_ms)[177]
    later = glances.rates(now_ms=now_ms + 10 * HOUR_MS)
    assert later[179] < 2 * later[177]


def test_where_leads_change_alike_a_single_change_foretells_little() -> None:
    glances = Glances(pages=400, now_ms=0)
    for number in range(400):
        glances.learn(number * 37 % 400 + 1, news=1, now_ms=number * 20 * MINUTE_MS)
    rates = glances.rates(now_ms=400 * 20 * MINUTE_MS)
    assert max(rates) < 10 * sorted(rates)[200]


def test_somebody_who_closes_500_leads_at_once_changes_little() -> None:
    glances = known(400, **{f"p{page}": 10 for page in range(1, 16)})
    before = glances.rates(now_ms=HOUR_MS)
    for page in range(200, 225):
        glances.learn(page, news=20, now_ms=HOUR_MS)
    after = glances.rates(now_ms=2 * HOUR_MS)
    assert sum(after[:15]) > 0.6 * sum(before[:15])


def test_at_least_two_of_five_turns_are_the_full_walks() -> None:
    glances = known(9)
    turns = [glances.takes_turn(now_ms=n) for n in range(1000)]
    assert all(sum(turns[at : at + 5]) == 2 for at in range(995))


def test_what_was_learnt_outlives_a_restart_but_not_a_damaged_file() -> None:
    before = known(50, p1=9, p2=5, p50=1)
    text = before.learnt.as_text()
    after = Glances(pages=50, now_ms=7, learnt=Learnt.of_text(text))
    assert after.learnt.as_text() == text
    assert after.rates(now_ms=7)[0] == pytest.approx(before.rates(now_ms=FAR_MS)[0], rel=0.01)
    assert len(text) < 200
    for damaged in (None, "", "{", "[]", "{}", '{"bands": {"a": 1}, "weight": 1}', "null", "1"):
        assert Learnt.of_text(damaged) == Learnt()


def test_a_listing_that_grows_or_shrinks_is_known_as_far_as_it_goes() -> None:
    glances = known(10, p1=5, p10=5)
    glances.resize(25)
    assert len(glances.rates(now_ms=0)) == glances.pages == 25
    glances.resize(3)
    glances.note(9, now_ms=5)
    glances.learn(9, news=1, now_ms=5)
    assert len(glances.rates(now_ms=5)) == 3
    assert glances.choose(walk_page=4, head_ms=0, now_ms=9) in (1, 2, 3)


def test_what_showed_little_is_taken_to_be_like_its_surroundings() -> None:
    few = densities([1, 0, 0, 0], [1, 1, 1, 1])
    many = densities([100, 0, 0, 0], [1, 1, 1, 1])
    assert max(few) < 2 * min(few)
    assert max(many) > 10 * min(many)


# The issue of all this: who waits how long.


def read(inbox: Inbox, *, glances: bool, hours: float) -> Waits:
    """Return the waits of so many hours, the listing having been read as long before."""
    pages = -(-inbox.size // PAGE)
    reader = Reader(inbox=inbox, glances=Glances(pages=pages, now_ms=0) if glances else None)
    reader.run(hours)
    inbox.waits_ms.clear()
    reader.run(hours)
    return waits(reader)


def test_young_leads_of_8000_wait_a_third_as_long_as_in_turn() -> None:
    def work() -> Inbox:
        return Inbox(size=8_000, depth=mixed, changes_a_minute=6, a_day=200)

    chosen, in_turn = (read(work(), glances=one, hours=1.5) for one in (True, False))
    assert chosen.count > 500
    assert chosen.mean_s <= 0.4 * in_turn.mean_s
    assert chosen.median_s <= 0.3 * in_turn.median_s
    assert chosen.p90_s <= 0.5 * in_turn.p90_s
    round_s = (8_000 / PAGE + 1) * 60 / 86  # four of 90 requests a minute are head polls
    assert chosen.worst_s <= 2.6 * round_s


def test_changes_of_any_lead_wait_hardly_longer_than_in_turn() -> None:
    def work() -> Inbox:
        return Inbox(size=3_000, depth=uniform, changes_a_minute=20)

    chosen, in_turn = (read(work(), glances=one, hours=1) for one in (True, False))
    assert chosen.mean_s <= 1.25 * in_turn.mean_s
    assert chosen.worst_s <= 2.6 * in_turn.worst_s


def test_ten_times_as_many_leads_make_young_ones_wait_hardly_longer() -> None:
    few, many = (
        read(Inbox(size=size, depth=hot, changes_a_minute=6), glances=True, hours=hours)
        for size, hours in ((2_000, 0.7), (20_000, 1.5))
    )
    assert many.mean_s < 1.5 * few.mean_s


def test_a_listing_that_doubles_is_read_as_well_as_before() -> None:
    inbox = Inbox(size=2_000, depth=hot, changes_a_minute=6)
    reader = Reader(inbox=inbox, glances=Glances(pages=100, now_ms=0))
    reader.run(1.0)
    before = waits(reader)
    inbox.leads += range(10_000, 12_000)  # as if somebody had imported old ones
    reader.run(0.2)
    inbox.waits_ms.clear()
    reader.run(1.0)
    assert reader.glances
    assert reader.glances.pages == 200
    assert waits(reader).mean_s < 1.3 * before.mean_s


def test_a_morning_after_a_quiet_night_finds_what_was_learnt() -> None:
    inbox = Inbox(size=2_000, depth=hot, changes_a_minute=6)
    reader = Reader(inbox=inbox, glances=Glances(pages=100, now_ms=0))
    reader.run(1.0)
    before = waits(reader)
    inbox.rest(6)
    reader.run(6)
    inbox.waits_ms.clear()
    reader.run(0.5)
    assert waits(reader).mean_s < 1.3 * before.mean_s
