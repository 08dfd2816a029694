"""Claims: who goes first, who waits for whom, and what a cut-off claim means."""

from collections.abc import Iterator

import pytest
from store_outbox import CRM, NOW_MS, Outbox, titles

from notifier.core.outcome import State
from notifier.store import due_times, expiry
from notifier.store import outbox as statements
from support.databases import Database

MINUTE_MS = 60_000


@pytest.fixture
def outbox(database: Database) -> Iterator[Outbox]:
    db = database.open()
    yield Outbox(db)
    db.close()


def test_the_oldest_of_each_lead_goes_first(outbox: Outbox) -> None:
    outbox.add("A1", "a", due_ms=NOW_MS - 3)
    outbox.add("A2", "a", due_ms=NOW_MS - 2)
    outbox.add("B1", "b", due_ms=NOW_MS - 1)
    assert titles(outbox.claim()) == ["A1", "B1"]


def test_a_claim_takes_no_more_than_there_are_slots(outbox: Outbox) -> None:
    for lead in "abc":
        outbox.add(lead, lead)
    assert titles(outbox.claim(limit=2)) == ["a", "b"]
    assert titles(outbox.claim(limit=0)) == []
    assert titles(outbox.claim(limit=2)) == ["c"]


def test_nothing_is_claimed_before_its_time_or_for_another_destination(
    outbox: Outbox,
) -> None:
    outbox.add("later", "a", due_ms=NOW_MS + 1)
    outbox.add("elsewhere", "b", destination="sales")
    assert outbox.claim() == []
    assert due_times.next_due_ms(outbox.db, CRM, now_ms=NOW_MS) == NOW_MS + 1


def test_what_is_in_flight_is_not_claimed_twice_and_holds_back_its_lead(
    outbox: Outbox,
) -> None:
    outbox.add("A1", "a")
    outbox.add("A2", "a")
    (first,) = outbox.claim()
    assert outbox.claim() == []
    outbox.conclude(first[0])
    assert titles(outbox.claim()) == ["A2"]


def test_a_bundle_is_claimed_as_a_whole_in_its_order(outbox: Outbox) -> None:
    outbox.add("status", "a", bundle="one")
    outbox.add("assignee", "a", bundle="one")
    assert titles(outbox.claim()) == ["status+assignee"]


def test_a_failed_delivery_holds_back_its_lead_twice_and_then_no_longer(
    outbox: Outbox,
) -> None:
    outbox.add("A1", "a")
    outbox.add("A2", "a")
    for failures in (1, 2, 3):
        (bundle,) = outbox.claim()
        assert titles([bundle]) == ["A1"]
        due_ms = NOW_MS if failures < 3 else NOW_MS + MINUTE_MS
        outbox.fail(bundle[0], due_ms=due_ms)
    assert titles(outbox.claim()) == ["A2"]


def test_one_that_failed_often_and_its_successor_are_never_in_flight_together(
    outbox: Outbox,
) -> None:
    outbox.add("A1", "a")
    outbox.add("A2", "a")
    for _ in range(3):
        ((first,),) = outbox.claim()
        outbox.fail(first, due_ms=NOW_MS)
    assert titles(outbox.claim()) == ["A1"]
    assert outbox.claim() == []


def test_a_retry_that_waits_holds_back_its_lead_alone(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    outbox.add("A2", "a")
    ((first,),) = outbox.claim()
    outbox.fail(first)
    outbox.add("B1", "b")
    assert titles(outbox.claim()) == ["B1"]


def test_a_delivery_held_for_its_window_is_overtaken(outbox: Outbox) -> None:
    outbox.add("held", "a", held="hold", due_ms=NOW_MS + MINUTE_MS)
    outbox.add("A2", "a")
    assert titles(outbox.claim()) == ["A2"]


def test_a_digest_overtakes_and_is_overtaken(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    ((single,),) = outbox.claim()
    outbox.fail(single)
    outbox.add("digest a", "a", held="digest", bundle="digest")
    outbox.add("digest b", "b", held="digest", bundle="digest")
    ((one, other),) = outbox.claim()
    assert titles([(one, other)]) == ["digest a+digest b"]
    outbox.fail(one)
    outbox.fail(other)
    outbox.add("B1", "b")
    assert titles(outbox.claim()) == ["B1"]


def test_a_settling_delivery_holds_back_what_follows(outbox: Outbox) -> None:
    outbox.add("created", "a", held="settle", due_ms=NOW_MS + MINUTE_MS)
    outbox.add("assigned", "a")
    assert outbox.claim() == []


def test_probes_take_another_lead_each_time(outbox: Outbox) -> None:
    for lead in "abc":
        outbox.add(f"{lead}1", lead)
        outbox.add(f"{lead}2", lead)
    probed = []
    for second in range(4):
        now_ms = NOW_MS + second * 1_000
        ((one,),) = outbox.claim(limit=1, now_ms=now_ms, probe=True)
        probed.append(one.title)
        outbox.conclude(one, State.PENDING, due_ms=now_ms, attempts=0)
    assert probed == ["a1", "b1", "c1", "a1"]


def test_a_probe_also_takes_what_waits_for_a_retry(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    ((first,),) = outbox.claim()
    outbox.fail(first, due_ms=NOW_MS + MINUTE_MS)
    assert outbox.claim() == []
    assert titles(outbox.claim(limit=1, probe=True)) == ["A1"]


def test_a_probe_takes_nothing_that_was_never_due(outbox: Outbox) -> None:
    outbox.add("digest", "a", held="digest", due_ms=NOW_MS + MINUTE_MS)
    assert outbox.claim(limit=1, probe=True) == []


def test_one_success_makes_every_retry_due(outbox: Outbox) -> None:
    for lead in "ab":
        outbox.add(lead, lead)
    for (one,) in outbox.claim():
        outbox.fail(one, due_ms=NOW_MS + MINUTE_MS)
    outbox.add("digest", "c", held="digest", due_ms=NOW_MS + MINUTE_MS)
    due_times.release_retries(outbox.db, CRM, now_ms=NOW_MS)
    assert titles(outbox.claim()) == ["a", "b"]


def test_two_failures_before_an_outage_are_one_and_not_again_at_the_next(
    outbox: Outbox,
) -> None:
    outbox.add("A1", "a")
    for attempts, left in ((2, 1), (2, 2), (3, 3)):
        ((one,),) = outbox.claim()
        outbox.conclude(one, State.PENDING, attempts=attempts)
        due_times.forgive(outbox.db, CRM)
        assert outbox.db.execute("SELECT attempts FROM deliveries").fetchone()[0] == left


def test_a_recording_by_an_older_claim_counts_no_more(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    ((lost,),) = outbox.claim()
    statements.release_all(outbox.db, now_ms=NOW_MS)
    ((again,),) = outbox.claim()
    assert not outbox.conclude(lost, State.DEAD)
    assert outbox.conclude(again)
    assert not outbox.conclude(again)
    assert outbox.ended() == {}


def test_a_clock_set_forward_sends_nothing_twice(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    outbox.add("A2", "a")
    outbox.claim()
    assert outbox.claim(now_ms=NOW_MS + 3 * 60 * MINUTE_MS) == []


def test_what_nobody_is_sending_takes_its_turn_again(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    for _ in range(9):
        assert titles(outbox.claim()) == ["A1"]
        statements.release_orphans(outbox.db, CRM)
    assert expiry.expire_crashed(outbox.db, CRM) == 0


def test_an_attempt_cut_off_does_not_count_but_five_are_the_end(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    for lost in range(5):
        assert expiry.expire_crashed(outbox.db, CRM) == 0
        ((claimed,),) = outbox.claim(crash_suspects=lost >= 2)
        assert claimed.attempts == 0
        assert statements.release_all(outbox.db, now_ms=NOW_MS) == 1
    assert expiry.expire_crashed(outbox.db, CRM) == 1
    assert outbox.ended() == {"A1": "cut off"}
    assert outbox.claim() == []


def test_what_was_cut_off_twice_is_claimed_as_a_suspect_only_the_least_tried_first(
    outbox: Outbox,
) -> None:
    outbox.add("bad", "a", due_ms=NOW_MS - 2)
    outbox.add("good", "b", due_ms=NOW_MS - 1)
    for _ in range(2):
        assert outbox.claim(crash_suspects=True) == []
        assert titles(outbox.claim()) == ["bad", "good"]
        statements.release_all(outbox.db, now_ms=NOW_MS)
    assert outbox.claim() == []
    assert titles(outbox.claim(crash_suspects=True, limit=1)) == ["bad"]
    statements.release_all(outbox.db, now_ms=NOW_MS)
    assert titles(outbox.claim(crash_suspects=True)) == ["good", "bad"]


def test_a_recording_of_what_was_delivered_counts_once_and_for_the_newest_claim(
    outbox: Outbox,
) -> None:
    outbox.add("A1", "a")
    outbox.add("B1", "b")
    (lost,), (sent,) = outbox.claim()
    statements.release_all(outbox.db, now_ms=NOW_MS)
    (again,), (other,) = outbox.claim()
    ended = [lost, sent, other]
    assert statements.record_delivered(outbox.db, ended, now_ms=NOW_MS) == {other.id}
    assert statements.record_delivered(outbox.db, [again, other], now_ms=NOW_MS) == {again.id}
    assert outbox.claim() == []


def test_what_a_person_ended_meanwhile_is_not_delivered(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    ((claimed,),) = outbox.claim()
    outbox.db.execute("UPDATE deliveries SET state = 'skipped', reason = 'forgotten'")
    assert statements.record_delivered(outbox.db, [claimed], now_ms=NOW_MS) == set()
    assert outbox.db.execute("SELECT state FROM deliveries").fetchone() == ("skipped",)


def test_a_recording_forgives_the_cut_off_claims_before_it(outbox: Outbox) -> None:
    outbox.add("A1", "a")
    for _ in range(5):
        outbox.claim()
        statements.release_all(outbox.db, now_ms=NOW_MS)
        ((claimed,),) = outbox.claim()
        outbox.fail(claimed, due_ms=NOW_MS)
    assert expiry.expire_crashed(outbox.db, CRM) == 0


def test_what_waited_too_long_for_its_destination_is_dead(outbox: Outbox) -> None:
    outbox.add("old", "a", due_ms=NOW_MS - MINUTE_MS)
    outbox.add("young", "b")
    assert expiry.expire_overdue(outbox.db, CRM, older_than_ms=NOW_MS - 1) == 1
    assert outbox.ended() == {"old": "too old"}


def test_a_removed_destinations_deliveries_are_dead(outbox: Outbox) -> None:
    outbox.add("kept", "a")
    outbox.add("lost", "a", destination="former")
    outbox.add("too", "b", destination="former")
    assert expiry.expire_removed(outbox.db, [CRM, "sales"]) == {"former": 2}
    assert outbox.ended() == dict.fromkeys(("lost", "too"), "destination removed")


def test_what_is_left_is_what_is_due_or_has_failed(outbox: Outbox) -> None:
    outbox.add("due", "a")
    outbox.add("failed", "b")
    outbox.add("held", "c", held="hold", due_ms=NOW_MS + MINUTE_MS)
    (_, (failed,)) = outbox.claim()
    outbox.fail(failed, due_ms=NOW_MS + MINUTE_MS)
    statements.release_all(outbox.db, now_ms=NOW_MS)
    assert due_times.overdue(outbox.db, now_ms=NOW_MS) == 2


def test_a_removed_rules_digest_goes_out_at_once(outbox: Outbox) -> None:
    later_ms = NOW_MS + MINUTE_MS
    outbox.add("gone", "a", held="digest", due_ms=later_ms, rule="Gone")
    outbox.add("there", "b", held="digest", due_ms=later_ms, rule="There")
    due_times.release_digests(outbox.db, ["There"], now_ms=NOW_MS)
    assert titles(outbox.claim()) == ["gone"]


def test_what_was_claimed_is_there_after_the_database_was_closed(database: Database) -> None:
    db = database.open()
    before = Outbox(db)
    before.add("A1", "a")
    before.claim()
    db.close()
    db = database.open()
    after = Outbox(db)
    assert statements.release_all(db, now_ms=NOW_MS) == 1
    assert titles(after.claim()) == ["A1"]
    db.close()
