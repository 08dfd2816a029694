"""When a listing wants the next spare page, by how long nothing changed in it."""

from dataclasses import replace

from notifier.poller.spare import KEEP_MS, REST_MS, Spare
from notifier.store.listings import ListingState
from notifier.store.outlooks import Outlook
from notifier.upstream.glances import TURNS_MEASURED

SWEEP_MS = 6 * REST_MS
LONGEST_MS = SWEEP_MS // 16
STATE = ListingState(
    baseline_from_ms=0,
    baseline_done_ms=0,
    last_walk=1,
    swept_ms=0,
    walk_order="none",
    pages=10,
    open_walks=frozenset(),
)


def restored(outlook: Outlook, *, pages: int = 10, swept: bool = True) -> Spare:
    """Return a listing's as a start finds it, and after its first full walk."""
    spare = Spare(head_ms=15_000, sweep_ms=SWEEP_MS)
    spare.restore(STATE, outlook, is_sorted=False, now_ms=0, wall_ms=100 * REST_MS)
    if swept:
        spare.swept(pages, None, is_sorted=False, now_ms=0)
    return spare


def put_off_ms(spare: Spare) -> int:
    spare.takes_turn(walk_page=1, head_due_ms=9_000, now_ms=0)
    return max(spare.turn_due_ms, 0)


def rested(hours: float) -> Outlook:
    return Outlook(news_ms=int((100 - hours) * REST_MS))


def test_a_listing_that_changed_within_the_hour_wants_every_turn() -> None:
    assert put_off_ms(restored(Outlook())) == 0
    assert put_off_ms(restored(rested(0.9))) == 0


def test_one_at_rest_is_read_whole_within_a_sixteenth_of_its_rest() -> None:
    # 10 pages of a full walk, and 15 glances, take 25 turns.
    assert put_off_ms(restored(rested(1 + 4))) == REST_MS * 4 // 16 // 25


def test_however_long_it_rests_it_is_read_whole_within_the_sweep_interval() -> None:
    assert put_off_ms(restored(rested(1_000))) == SWEEP_MS // 25


def test_until_a_first_full_walk_has_ended_nothing_is_put_off() -> None:
    assert put_off_ms(restored(rested(50), swept=False)) == 0


def test_a_row_that_is_waited_for_ends_the_rest_until_a_full_walk_has_looked_for_it() -> None:
    spare = restored(rested(50))
    rest_ms = put_off_ms(spare)
    spare.await_row(waits=True, now_ms=0)
    for _ in range(2):  # one was under way
        assert put_off_ms(spare) == 0
        spare.swept(10, None, is_sorted=False, now_ms=0)
    assert put_off_ms(spare) == rest_ms > 0
    spare.await_row(waits=True, now_ms=0)
    spare.await_row(waits=False, now_ms=0)
    assert put_off_ms(spare) == rest_ms


def test_a_change_ends_the_rest() -> None:
    spare = restored(rested(50))
    assert put_off_ms(spare) > 0
    spare.read(3, is_empty=False, news=1, now_ms=7)
    assert spare.turn_due_ms == 7
    spare.takes_turn(walk_page=1, head_due_ms=9_000, now_ms=8)
    assert spare.turn_due_ms == 8


def test_a_single_page_at_rest_is_looked_behind_less_often() -> None:
    assert restored(Outlook(), pages=1).full_due_ms == 60_000
    spare = restored(rested(1 + 4), pages=1)
    assert spare.full_due_ms == REST_MS * 4 // 16
    spare.read(1, is_empty=False, news=1, now_ms=7)
    assert spare.full_due_ms == 60_007


def test_a_sorted_listing_keeps_its_next_full_walk_whatever_changes() -> None:
    spare = restored(Outlook())
    spare.swept(10, None, is_sorted=True, now_ms=5)
    spare.read(1, is_empty=False, news=1, now_ms=7)
    assert spare.full_due_ms == 5 + SWEEP_MS
    assert spare.glances is None


def test_an_outlook_is_kept_once_turns_were_measured_and_then_now_and_again() -> None:
    spare = restored(rested(3))
    assert spare.outlook(now_ms=0, wall_ms=100 * REST_MS) is None
    for turn in range(TURNS_MEASURED):
        spare.takes_turn(walk_page=1, head_due_ms=9_000, now_ms=turn * 1_000)
    kept = spare.outlook(now_ms=0, wall_ms=100 * REST_MS)
    assert kept is not None
    assert kept.news_ms == 97 * REST_MS
    assert kept.turn_ms == 1_000
    assert kept.median_ms
    assert kept.p90_ms
    assert kept.p90_ms > kept.median_ms
    spare.kept(now_ms=0)
    assert spare.outlook(now_ms=KEEP_MS - 1, wall_ms=0) is None
    assert spare.outlook(now_ms=KEEP_MS, wall_ms=0) is not None


def test_full_walks_that_come_early_one_after_the_other_have_pauses_that_double() -> None:
    spare = restored(rested(50))
    now_ms = 0
    for pause_ms in (0, *(2**n * 60_000 for n in range(5)), LONGEST_MS, LONGEST_MS):
        spare.swept(10, None, is_sorted=True, now_ms=now_ms)
        assert spare.full_due_ms == now_ms + SWEEP_MS
        spare.hurry(now_ms=now_ms + 1)
        assert spare.full_due_ms == max(now_ms + pause_ms, now_ms + 1)
        now_ms = spare.full_due_ms


def test_one_that_comes_early_long_after_the_last_has_no_pause() -> None:
    spare = restored(rested(50))
    for _ in range(3):
        spare.hurry(now_ms=0)
        spare.swept(10, None, is_sorted=True, now_ms=0)
    spare.hurry(now_ms=479_999)
    assert spare.full_due_ms == 480_000 - 1
    spare.swept(10, None, is_sorted=True, now_ms=480_000)
    spare.swept(10, None, is_sorted=True, now_ms=SWEEP_MS)
    spare.hurry(now_ms=SWEEP_MS + 1)
    assert spare.full_due_ms == SWEEP_MS + 1


def test_the_pauses_never_put_a_full_walk_off() -> None:
    spare = restored(rested(50))
    spare.sweep_ms = 10_000
    for _ in range(12):
        spare.swept(10, None, is_sorted=True, now_ms=0)
        spare.hurry(now_ms=1)
    assert spare.full_due_ms == 10_000 // 16


def test_a_full_walk_that_comes_early_does_not_rest_and_the_next_rests_its_pause() -> None:
    spare = restored(rested(50))
    rest_ms = put_off_ms(spare)
    spare.hurry(now_ms=0)
    assert put_off_ms(spare) == 0
    spare.swept(10, None, is_sorted=False, now_ms=0)
    assert put_off_ms(spare) == rest_ms
    spare.hurry(now_ms=0)
    # 10 pages of a full walk, and 15 glances, take 25 turns.
    assert put_off_ms(spare) == 60_000 // 25


def test_one_that_another_process_left_to_look_again_comes_early_too() -> None:
    spare = Spare(head_ms=15_000, sweep_ms=SWEEP_MS)
    left = replace(STATE, swept_ms=-7)
    spare.restore(left, Outlook(), is_sorted=True, now_ms=0, wall_ms=100 * REST_MS)
    assert spare.full_due_ms == 0
    spare.swept(10, None, is_sorted=True, now_ms=0)
    spare.hurry(now_ms=0)
    assert spare.full_due_ms == 60_000
