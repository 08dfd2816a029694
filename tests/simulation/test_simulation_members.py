"""Lives of two members that share a database."""

from dataclasses import replace

from simulation.known import MORNING
from simulation.living import Outcome, lived
from simulation.story import HOUR_S, Entry, drawn

SOON = 2 * HOUR_S - 100.0
"""Shortly before a poll."""
WORK = (
    Entry(at_s=SOON, what="import", number=12),
    Entry(at_s=SOON + 1_000.0, what="close many", number=8),
    Entry(at_s=SOON + 2_000.0, what="create"),
)


def shared(*faults: Entry) -> Outcome:
    """Return what came of a morning of two members, with work and these faults."""
    entries = sorted([*WORK, *faults], key=lambda one: one.at_s)
    return lived(replace(MORNING, seed=3, members=2, entries=tuple(entries)))


def test_a_member_frozen_for_longer_than_its_lease_loses_and_repeats_nothing() -> None:
    outcome = shared(
        *(
            Entry(at_s=SOON + after_s, what="freeze", lasts_s=800.0)
            for after_s in (99.0, 101.0, 1_100.5)
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.met["frozen"] == 3


def test_a_member_that_cannot_reach_the_database_leaves_its_work_to_the_other() -> None:
    outcome = shared(
        *(
            Entry(at_s=SOON + after_s, what="cut off", lasts_s=1_500.0)
            for after_s in (101.0, 1_900.0)
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.met["cut off"] > 2


def test_a_commit_whose_answer_is_lost_is_not_done_twice() -> None:
    outcome = shared(
        *(
            Entry(at_s=SOON + after_s, what="answer lost", number=number)
            for after_s in (50.0, 1_050.0)
            for number in (1, 3, 5)
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.met["answer lost"] > 1


def test_a_day_of_two_members_breaks_no_promise() -> None:
    assert lived(drawn(301, days=1, members=2)).verdict.faults == []


def test_a_seed_gives_members_the_same_life_byte_for_byte() -> None:
    freeze = Entry(at_s=SOON + 101.0, what="freeze", lasts_s=800.0)
    assert shared(freeze).digest == shared(freeze).digest
