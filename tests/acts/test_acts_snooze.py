"""Snoozed: no `for` rule tells of the lead until then, and then what still holds."""

from datetime import timedelta

from notifier.core.acts import Snooze, Take
from notifier.core.people import Person, Through
from notifier.rehearsal.stage import Stage
from notifier.transactions.acts import Hand
from support.stages import later, row, staged, told

HAND = Hand(by=Person(agent="a1", name="Asha Rao"), through=Through.SLACK)
WAITS = "  - {name: Waits, if: {status: OPEN, assignee: null}, for: 15m, send: team}\n"
REPEATS = WAITS.replace("for: 15m", "for: 15m, repeat: 30m")
HELD = WAITS.replace("send", "only: late, send")
LATE = """
windows:
  late: {days: mon-fri, hours: "11:00-18:00", timezone: UTC}
destinations:
  team: {type: slack, channel: "#team"}
"""


def snooze(stage: Stage, **length: float) -> None:
    stage.act("lead1", Snooze(stage.now + timedelta(**length)), HAND)


def test_nothing_is_told_before_it_ends_and_then_what_still_holds() -> None:
    stage = staged(WAITS)
    stage.read([row(1), row(2)])
    later(stage, minutes=5)
    snooze(stage, hours=1)
    later(stage, minutes=59)
    assert told(stage) == ["10:15:00 team: Waits: Lead 2"]
    later(stage, minutes=1)
    assert told(stage)[1:] == ["11:05:00 team: Waits: Lead 1"]


def test_what_does_not_hold_any_more_is_not_told_when_it_ends() -> None:
    stage = staged(WAITS)
    stage.read([row()])
    snooze(stage, hours=1)
    stage.read([row(status="CLOSED")])
    later(stage, hours=2)
    assert told(stage) == []


def test_a_longer_snooze_replaces_the_one_before() -> None:
    stage = staged(WAITS)
    stage.read([row()])
    snooze(stage, hours=1)
    later(stage, minutes=30)
    snooze(stage, hours=2)
    later(stage, days=1)
    assert told(stage) == ["12:30:00 team: Waits: Lead 1"]


def test_repetitions_that_fell_into_it_are_one_when_it_ends() -> None:
    stage = staged(REPEATS)
    stage.read([row()])
    later(stage, minutes=15)
    snooze(stage, hours=2)
    later(stage, hours=3)
    assert told(stage) == [
        "10:15:00 team: Waits: Lead 1",
        "12:15:00 team: Waits: Lead 1",
        "12:45:00 team: Waits: Lead 1",
        "13:15:00 team: Waits: Lead 1",
    ]


def test_an_alert_that_waits_for_its_window_waits_for_the_end_of_a_snooze_too() -> None:
    stage = staged(HELD, places=LATE)
    stage.read([row()])
    later(stage, minutes=30)
    snooze(stage, hours=2)
    later(stage, days=1)
    assert told(stage) == ["12:30:00 team: Waits: Lead 1"]


def test_a_snooze_beyond_the_window_is_told_when_that_opens_again() -> None:
    stage = staged(HELD, places=LATE)
    stage.read([row()])
    later(stage, minutes=30)
    snooze(stage, hours=10)
    later(stage, days=2)
    assert [f"{one.at:%a %H:%M}" for one in stage.sent] == ["Tue 11:00"]


def test_other_events_of_the_lead_are_told_meanwhile() -> None:
    stage = staged("  - {name: All, when: [lead.status_changed, lead.taken], send: team}\n")
    stage.read([row()])
    snooze(stage, hours=1)
    stage.read([row(status="REVIEW")])
    stage.act("lead1", Take(), HAND)
    assert len(stage.sent) == 2
