"""Snoozed: no `for` rule tells of the lead until then, and then what still holds."""

from datetime import timedelta

import pytest

from notifier.core.acts import Snooze, Take
from notifier.core.people import Person, Through
from notifier.core.rows import moment_of
from notifier.rehearsal.stage import Sent, Stage
from notifier.transactions.acts import Actor
from support.stages import MONDAY_10, ended, later, row, staged, told

HAND = Actor(by=Person(agent="a1", name="Asha Rao"), through=Through.SLACK)
WAITS = "  - {name: Waits, if: {status: OPEN, assignee: null}, for: 15m, send: team}\n"
REPEATS = WAITS.replace("for: 15m", "for: 15m, repeat: 30m")
HELD = WAITS.replace("send", "only: late, send")
GATHERED = WAITS.replace("send", "digest: 1h, send")
LATE = """
windows:
  late: {days: mon-fri, hours: "11:00-18:00", timezone: UTC}
destinations:
  team: {type: slack, channel: "#team"}
"""


def subjects(sent: Sent) -> list[str]:
    return [part.event.subject for part in sent.message.parts]


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


@pytest.mark.parametrize("destination", ["team", "crm"])
def test_a_digest_leaves_out_who_was_snoozed_meanwhile(destination: str) -> None:
    stage = staged(GATHERED.replace("team", destination))
    stage.read([row(1), row(2)])
    later(stage, minutes=20)
    snooze(stage, hours=3)
    later(stage, days=1)
    assert [(f"{one.at:%H:%M}", subjects(one)) for one in stage.sent] == [
        ("11:15", ["lead2"]),
        ("13:20", ["lead1"]),
    ]


def test_who_left_a_digest_is_not_told_of_once_it_is_over() -> None:
    stage = staged(GATHERED)
    stage.read([row(1)])
    later(stage, minutes=20)
    snooze(stage, hours=3)
    later(stage, hours=2)
    stage.read([row(1, status="CLOSED")])
    later(stage, days=1)
    assert stage.sent == []
    assert ended(stage)[0] == ("lead.overdue", "Waits", "skipped", "no longer so")


def test_a_night_s_digest_leaves_out_who_is_snoozed_until_its_window_opens_again() -> None:
    stage = staged(HELD.replace("send", "outside: digest, send"), places=LATE)
    stage.read([row(1), row(2)])
    later(stage, minutes=30)
    snooze(stage, hours=10)
    later(stage, days=2)
    assert [(f"{one.at:%a %H:%M}", subjects(one)) for one in stage.sent] == [
        ("Mon 11:00", ["lead2"]),
        ("Tue 11:00", ["lead1"]),
    ]


def test_a_long_snooze_takes_no_try_from_what_waits_for_its_end() -> None:
    stage = staged(HELD, places=LATE)
    stage.read([row()])
    later(stage, minutes=30)
    snooze(stage, days=7)
    later(stage, hours=2)
    ((planned_ms,),) = stage.session.execute("SELECT planned_ms FROM deliveries").fetchall()
    # The next Monday, half past ten: it opens at eleven.
    assert moment_of(planned_ms) == MONDAY_10 + timedelta(days=7, hours=1)


def test_other_events_of_the_lead_are_told_meanwhile() -> None:
    stage = staged("  - {name: All, when: [lead.status_changed, lead.taken], send: team}\n")
    stage.read([row()])
    snooze(stage, hours=1)
    stage.read([row(status="REVIEW")])
    stage.act("lead1", Take(), HAND)
    assert len(stage.sent) == 2
