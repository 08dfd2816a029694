"""``escalate``: further tellings of an overdue lead, until its condition ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.core.acts import Release, Snooze, Take
from notifier.core.mutes import Mutes
from notifier.core.people import Person, Through
from notifier.rehearsal.stage import Stage
from notifier.store import ladders, mutes, snapshots
from notifier.store.health import MuteTarget
from notifier.store.ladders import Ladder
from notifier.transactions import clock_set_back
from notifier.transactions.acts import Actor
from support.stages import MONDAY_10, later, restarted, row, staged, told

HAND = Actor(by=Person(agent="a1", name="Asha Rao"), through=Through.SLACK)
STEPS = (
    "escalate: [{after: 10m, send: crm}, {after: 30m, send: screen}, {after: 2h, send: team}]"
)
CONDITION = "{status: OPEN, assignee: null, taken_by: null}"
LADDER = f"  - {{name: Waits, if: {CONDITION}, for: 15m, send: team, {STEPS}}}\n"
IN_ALL = [
    "10:15:00 team: Waits: Lead 1",
    "10:25:00 crm: lead.overdue",
    "10:45:00 screen: Waits: Lead 1",
    "12:15:00 team: Waits: Lead 1",
]


def ladder(stage: Stage) -> Ladder:
    return ladders.of_lead(stage.session, "b1", "lead1")["Waits"]


def begun(rules: str = LADDER, **minutes: float) -> Stage:
    stage = staged(rules)
    stage.read([row()])
    later(stage, **minutes)
    return stage


def test_each_step_is_told_once_counted_from_the_first_telling() -> None:
    stage = begun(days=2)
    assert told(stage) == IN_ALL
    assert ladder(stage).due_ms is None


def test_a_step_has_its_own_mention_and_words_else_those_of_the_rule() -> None:
    rules = """
  - name: Waits
    if: {status: OPEN}
    for: 15m
    send: team
    message: {title: "{{ lead.name }} waits"}
    escalate:
      - {after: 10m, send: team, mention: here}
      - {after: 20m, send: team, message: {title: "{{ lead.name }} waits too long"}}
"""
    stage = begun(rules, hours=1)
    assert told(stage) == [
        "10:15:00 team: Lead 1 waits",
        "10:25:00 team: Lead 1 waits",
        "10:35:00 team: Lead 1 waits too long",
    ]
    mentions = [one.message.mention for one in stage.sent]
    assert mentions == [None, "here", None]


def test_the_event_names_its_step() -> None:
    stage = begun(hours=1)
    events = [one.message.parts[0].event for one in stage.sent]
    assert [one.data.overdue.step for one in events if one.data.overdue] == [0, 1, 2]
    assert [one.time[11:19] for one in events] == ["10:15:00", "10:25:00", "10:45:00"]
    assert len({one.id for one in events}) == 3


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"assignee": {"id": "a2", "name": "Ravi"}}, "Ravi has it in BotPenguin"),
        ({"status": "CLOSED"}, "its status is CLOSED"),
    ],
)
def test_it_ends_when_the_condition_does(change: dict[str, Any], why: str) -> None:
    stage = begun(minutes=26)
    stage.read([row(**change)])
    later(stage, days=1)
    assert told(stage) == IN_ALL[:2]
    found = ladder(stage)
    assert (found.steps, found.due_ms, found.ended) == (1, None, why)
    assert found.ended_ms == int((MONDAY_10 + timedelta(minutes=26)).timestamp() * 1000)


def test_taking_ends_it_and_releasing_begins_anew() -> None:
    stage = begun(minutes=26)
    stage.act("lead1", Take(), HAND)
    assert ladder(stage).ended == "Asha Rao took it"
    later(stage, hours=1)
    assert told(stage) == IN_ALL[:2]
    stage.act("lead1", Release(), HAND)
    later(stage, minutes=30)
    assert told(stage)[2:] == ["11:41:00 team: Waits: Lead 1", "11:51:00 crm: lead.overdue"]
    assert (ladder(stage).steps, ladder(stage).ended) == (1, None)


def test_a_ladder_that_was_climbed_says_why_it_ended_at_last() -> None:
    stage = begun(days=1)
    stage.act("lead1", Take(), HAND)
    assert (ladder(stage).steps, ladder(stage).ended) == (3, "Asha Rao took it")


def test_hours_outside_the_clock_do_not_count() -> None:
    rules = LADDER.replace("for: 15m", "for: 15m, clock: office")
    stage = staged(rules, at=MONDAY_10.replace(day=6, hour=17))
    stage.read([row()])
    later(stage, days=4)
    assert [f"{one.at:%a %H:%M}" for one in stage.sent] == [
        "Fri 17:15",
        "Fri 17:25",
        "Fri 17:45",
        "Mon 10:15",
    ]


def test_a_change_of_the_clocks_does_not_shorten_a_step() -> None:
    places = """
windows:
  always: {timezone: Europe/Berlin}
destinations:
  team: {type: console}
  crm: {type: console}
  screen: {type: console}
"""
    before = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # at 1:00 UTC it is 3:00 in Berlin
    rules = LADDER.replace("for: 15m", "for: 15m, clock: always")
    stage = staged(rules, at=before, places=places)
    stage.read([row(at=before)])
    later(stage, hours=5)
    assert [f"{one.at:%H:%M}" for one in stage.sent] == ["00:45", "00:55", "01:15", "02:45"]


def test_of_steps_that_fell_into_a_snooze_only_the_latest_is_told() -> None:
    stage = begun(minutes=16)
    stage.act("lead1", Snooze(stage.now + timedelta(hours=1)), HAND)
    later(stage, days=1)
    assert told(stage) == [IN_ALL[0], "11:16:00 screen: Waits: Lead 1", IN_ALL[3]]
    assert ladder(stage).steps == 3


def test_a_first_telling_that_fell_into_a_snooze_begins_the_ladder_at_its_end() -> None:
    stage = begun(minutes=5)
    stage.act("lead1", Snooze(stage.now + timedelta(hours=1)), HAND)
    later(stage, minutes=71)
    assert told(stage) == ["11:05:00 team: Waits: Lead 1", "11:15:00 crm: lead.overdue"]


def test_a_restart_changes_nothing() -> None:
    stage = begun(minutes=20)
    for _ in range(4):
        stage = restarted(stage)
        later(stage, minutes=1)
    later(stage, days=1)
    assert told(stage) == [one for one in IN_ALL if not one.startswith("10:15")]


def test_steps_missed_while_nothing_ran_are_told_each() -> None:
    stage = begun(minutes=16)
    stage.now += timedelta(hours=1)
    stage = restarted(stage)
    stage.read([row()])
    later(stage, hours=3)
    assert sorted(told(stage)) == [
        "11:16:00 crm: lead.overdue",
        "11:16:00 screen: Waits: Lead 1",
        "12:15:00 team: Waits: Lead 1",
    ]


def test_changed_steps_are_computed_anew_and_none_is_told_twice() -> None:
    stage = begun(minutes=26)
    changed = LADDER.replace("{after: 10m, send: crm}", "{after: 5m, send: crm}").replace(
        "{after: 30m", "{after: 20m"
    )
    stage = restarted(stage, changed)
    later(stage, days=1)
    assert told(stage) == ["10:35:00 screen: Waits: Lead 1", "12:15:00 team: Waits: Lead 1"]


def test_a_step_added_at_the_end_is_told_too() -> None:
    short = LADDER.replace(", {after: 2h, send: team}", "")
    stage = begun(short, hours=1)
    assert ladder(stage).due_ms is None
    stage = restarted(stage, LADDER)
    later(stage, days=1)
    assert told(stage) == ["12:15:00 team: Waits: Lead 1"]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (
            "  - {name: Other, when: lead.created, send: team}\n",
            "the rule has no such steps any more",
        ),
        (LADDER.replace(STEPS, "enabled: true"), "the rule has no such steps any more"),
        (LADDER.replace("status: OPEN", "status: REVIEW"), "its status is OPEN"),
    ],
)
def test_rules_that_changed_may_end_it(rules: str, why: str) -> None:
    stage = restarted(begun(minutes=20), rules)
    later(stage, days=1)
    assert told(stage) == []
    assert ladder(stage).ended == why


def test_a_clock_that_was_set_back_leaves_each_step_its_time() -> None:
    stage = begun(minutes=20)
    stage.now -= timedelta(hours=5)
    with stage.session.transaction():
        clock_set_back.bring_forward(
            stage.session,
            stage.rules,
            by_ms=5 * 3_600_000,
            now_ms=int(stage.now.timestamp() * 1000),
        )
    later(stage, hours=3)
    assert told(stage)[1:] == [
        "05:30:00 crm: lead.overdue",
        "05:50:00 screen: Waits: Lead 1",
        "07:20:00 team: Waits: Lead 1",
    ]


def test_repetitions_go_on_beside_it() -> None:
    stage = begun(LADDER.replace("for: 15m", "for: 15m, repeat: 30m"), minutes=50)
    assert sorted(told(stage)) == [
        "10:15:00 team: Waits: Lead 1",
        "10:25:00 crm: lead.overdue",
        "10:45:00 screen: Waits: Lead 1",
        "10:45:00 team: Waits: Lead 1",
    ]


def test_a_lead_that_the_last_sweep_missed_is_not_told_of() -> None:
    stage = begun(minutes=16)
    with stage.session.transaction():
        snapshots.mark_absent(stage.session, "b1", "lead", [], since=99)
    later(stage, days=1)
    assert told(stage) == IN_ALL[:1]


def test_a_mute_holds_for_the_steps_of_a_rule() -> None:
    stage = begun(minutes=16)
    with stage.session.transaction():
        mutes.mute(stage.session, MuteTarget.RULE, "Waits", until_ms=2**50)
    later(stage, days=1)
    assert told(stage) == IN_ALL[:1]
    assert mutes.active(stage.session, now_ms=0) == Mutes(rules=frozenset({"Waits"}))


def test_a_step_that_waits_for_its_window_ends_with_the_condition() -> None:
    rules = LADDER.replace("for: 15m", "for: 15m, only: office")
    stage = staged(rules, at=MONDAY_10.replace(hour=17, minute=30))
    stage.read([row()])
    later(stage, hours=2)
    assert [f"{one.at:%H:%M}" for one in stage.sent] == ["17:45", "17:55"]
    stage.act("lead1", Take(), HAND)
    later(stage, days=2)
    assert len(stage.sent) == 2
