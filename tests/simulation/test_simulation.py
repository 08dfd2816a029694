"""A few simulated lives; ``python tests/simulation`` lives as many as one likes."""

from dataclasses import replace
from itertools import product

import pytest

from simulation.disk import Moment
from simulation.life import simulated
from simulation.living import lived
from simulation.oracle import judged
from simulation.rules import nine_of
from simulation.servers import Trouble
from simulation.story import (
    DAY_S,
    FAULTS,
    HOUR_S,
    NEWEST,
    VERSIONS,
    Entry,
    Story,
    drawn,
    name_of,
)

SEEDS = (3, 4, 9, 11, 13, 21, 29, 36, 49, 57, 66, 77, 83, 85, 108, 113, 127)
"""Two days of each cost about 40 s of a core, and bring most of the faults there are."""
CRM_AWAY = f"crm: {Trouble.ERROR}"
WARNINGS = ("snapshot_unavailable", "outbox_unavailable", "duty_postponed")
QUIET = Story(
    seed=1,
    days=0,
    leads=5,
    poll_s=300,
    limit=12,
    order="updated-desc",
    entries=(),
    rest_s=12 * HOUR_S,
)


def happening(*entries: Entry) -> Story:
    """Return some hours in which just this happens."""
    return replace(QUIET, entries=entries)


@pytest.mark.parametrize("seed", SEEDS)
def test_two_days_with_their_troubles_break_no_promise(seed: int) -> None:
    outcome = lived(drawn(seed, days=2))
    assert outcome.verdict.faults == []
    assert outcome.verdict.checked["sound database"] == 1


def test_the_seeds_bring_about_most_faults() -> None:
    planned = {
        name_of(one)
        for seed in SEEDS
        for one in drawn(seed, days=2).entries
        if one.what in FAULTS
    }
    assert len(planned) > 30


@pytest.mark.parametrize(("day", "hour"), [(21, 8), (28, 7), (231, 7), (238, 8)])
def test_a_report_is_due_at_nine_in_berlin_in_summer_and_in_winter(day: int, hour: int) -> None:
    assert nine_of(day) == day * DAY_S + hour * HOUR_S


def test_a_seed_gives_the_same_life_byte_for_byte() -> None:
    story = happening(
        Entry(at_s=2 * HOUR_S, what="create"),
        Entry(at_s=2 * HOUR_S, what="kill", text=Moment.COMMIT, number=2),
        Entry(at_s=3 * HOUR_S, what="assign", number=1, text="agent-asha"),
    )
    assert lived(story).digest == lived(story).digest


def test_what_a_receiver_took_without_an_answer_is_told_again_under_the_same_id() -> None:
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S, what="trouble", text=f"crm: {Trouble.CUT}", lasts_s=400.0),
            Entry(at_s=2 * HOUR_S + 1, what="create"),
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.met[f"crm: {Trouble.CUT}"] > 0


@pytest.mark.parametrize("moment", list(Moment))
def test_a_death_at_each_moment_of_a_page_loses_nothing(moment: Moment) -> None:
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S, what="create"),
            Entry(at_s=2 * HOUR_S + 1, what="kill", text=moment, number=2),
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.met[f"killed {moment}"] == 1


def test_a_disk_that_is_full_for_an_hour_is_told_of_once_by_each_who_meets_it() -> None:
    story = happening(
        Entry(at_s=2 * HOUR_S, what="disk full", lasts_s=HOUR_S),
        Entry(at_s=2 * HOUR_S, what="create"),
    )
    with simulated(story) as life:
        life.lived()
        assert judged(life).faults == []
        assert life.log["snapshot_unavailable"] == 1
        assert life.log["duty_postponed"] <= 3
        assert sum(life.log[name] for name in WARNINGS) < 8
        assert 100 < life.disk.met_full < 900


def test_a_process_that_cannot_start_on_a_full_disk_begins_again_and_tells_all() -> None:
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S, what="create"),
            Entry(at_s=2 * HOUR_S + 1, what="disk full", lasts_s=300.0),
            Entry(at_s=2 * HOUR_S + 2, what="kill", text="await", number=1),
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.met["not started on a full disk"] > 1


@pytest.mark.parametrize(("version", "deaths"), [("0.1.0", 0), *product(VERSIONS, [1, 50])])
def test_what_the_version_before_left_waiting_is_told_by_today(
    version: str, deaths: int
) -> None:
    upgraded_s = 2 * HOUR_S + 200.0
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S - 60.0, what="trouble", text=CRM_AWAY, lasts_s=400.0),
            Entry(at_s=2 * HOUR_S - 40.0, what="import", number=3),
            Entry(at_s=upgraded_s, what="upgrade", number=deaths, text=version, lasts_s=5.0),
            Entry(at_s=upgraded_s + 600.0, what="take", number=NEWEST, text="agent-asha"),
        )
    )
    assert outcome.verdict.faults == []
    assert (outcome.idle.total(), outcome.met["upgraded"]) == (0, 1)
    assert outcome.met["killed after a statement"] == (deaths > 0)
    assert outcome.met[CRM_AWAY] > 0
    assert outcome.verdict.checked["acts"] == 2


@pytest.mark.parametrize("name", ["assign", "status"])
def test_a_lead_of_the_baseline_that_waits_again_unseen_need_not_be_told(name: str) -> None:
    text = {"assign": "agent-asha", "status": "REVIEW"}[name]
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S + 200.0, what=name, number=4, text=text),
            Entry(at_s=2 * HOUR_S + 220.0, what="back"),
        )
    )
    assert outcome.verdict.faults == []


def test_a_lead_that_is_deleted_before_its_owner_is_seen_seems_to_wait_on() -> None:
    story = happening(
        Entry(at_s=2 * HOUR_S - 20.0, what="create"),
        Entry(at_s=2 * HOUR_S + 20.0, what="assign", number=NEWEST, text="agent-asha"),
        Entry(at_s=2 * HOUR_S + 60.0, what="delete", number=NEWEST),
    )
    # Among so many it is sought less often than it is told of.
    outcome = lived(replace(story, leads=45, poll_s=900, limit=3))
    assert outcome.verdict.faults == []
    assert outcome.verdict.checked["Waiting: true"] > 0


def test_what_waits_since_a_wrong_clock_s_time_and_is_let_go_unseen_waits_on() -> None:
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S - 400.0, what="clock", number=-7200, lasts_s=6_000.0),
            Entry(at_s=2 * HOUR_S - 20.0, what="create"),
            Entry(at_s=8 * HOUR_S + 20.0, what="assign", number=NEWEST, text="agent-asha"),
            Entry(at_s=8 * HOUR_S + 60.0, what="back"),
        )
    )
    assert outcome.verdict.faults == []


def test_a_process_that_follows_at_once_knows_nothing_of_the_last_one_s_answer() -> None:
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S, what="others use the token", lasts_s=900.0),
            Entry(at_s=2 * HOUR_S, what="kill", text="await", number=1, once="upstream"),
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.met["killed at an await"] == 1


def test_a_lead_that_waits_again_while_no_process_lived_waits_since_before() -> None:
    outcome = lived(
        happening(
            Entry(at_s=2 * HOUR_S, what="create"),
            Entry(at_s=2 * HOUR_S + 600.0, what="stop", lasts_s=7_000.0),
            Entry(at_s=2 * HOUR_S + 900.0, what="status", number=5, text="ONHOLD"),
            Entry(at_s=2 * HOUR_S + 4_000.0, what="back"),
        )
    )
    assert outcome.verdict.faults == []
    assert outcome.verdict.checked["Ladder: true"] > 0
