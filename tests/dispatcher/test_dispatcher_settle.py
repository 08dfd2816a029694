"""``settle``: a new lead is told once it has been quiet, as it is by then."""

from datetime import timedelta

from notifier.core.rows import iso_ms
from support.stages import MONDAY_10, Staged, ended, later, restarted, row, told

NEW = "  - {name: New, when: lead.created, settle: 1m, send: team}\n"
INDIANS = """
  - {name: Indian, when: lead.created, if: {country: India}, settle: 1m, send: team}
  - {name: Other, when: lead.created, send: team}
"""
CLOSED = "  - {name: Closed, when: lead.status_changed, send: team}\n"
UPDATED = "  - {name: Updated, when: lead.updated, send: [team, screen]}\n"


def test_a_new_lead_is_told_when_it_has_been_quiet_long_enough(staged: Staged) -> None:
    stage = staged(NEW)
    stage.read([row()])
    later(stage, seconds=59)
    assert told(stage) == []
    later(stage, seconds=1)
    assert told(stage) == ["10:01:00 team: New lead: Lead 1"]


def test_every_event_of_the_lead_makes_it_wait_anew_and_it_is_told_as_it_is_then(
    staged: Staged,
) -> None:
    stage = staged(NEW)
    stage.read([row(name=None, phone="+9198765")])
    later(stage, seconds=50)
    stage.read([row(name="Asha", phone="+9198765")])
    later(stage, seconds=50)
    stage.read([row(name="Asha", phone="+9198765", email="asha@example.com")])
    later(stage, seconds=59)
    assert told(stage) == []
    later(stage, seconds=1)
    assert told(stage) == ["10:02:40 team: New lead: Asha"]
    (sent,) = stage.sent
    lead = sent.message.parts[0].event.lead
    assert lead is not None
    assert lead.email == "asha@example.com"


def test_it_waits_four_times_as_long_at_most(staged: Staged) -> None:
    stage = staged(NEW)
    stage.read([row()])
    for number in range(5):
        later(stage, seconds=50)
        stage.read([row(city=f"Town {number}")])
    assert told(stage) == ["10:04:00 team: New lead: Lead 1, Town 3"]


def test_another_leads_events_do_not_make_it_wait(staged: Staged) -> None:
    stage = staged(NEW)
    stage.read([row(1)])
    later(stage, seconds=30)
    stage.read([row(2)])
    later(stage, seconds=30)
    assert told(stage) == ["10:01:00 team: New lead: Lead 1"]


def test_the_condition_is_checked_on_the_latest_state(staged: Staged) -> None:
    stage = staged(INDIANS)
    stage.read([row(country=None)])
    later(stage, seconds=30)
    stage.read([row(country="India")])
    later(stage, minutes=2)
    assert told(stage) == ["10:01:30 team: New lead: Lead 1, India"]
    assert [rule for _, rule, _, _ in ended(stage)] == ["Indian"]


def test_where_the_condition_fails_later_rules_are_tried(staged: Staged) -> None:
    stage = staged(INDIANS)
    stage.read([row(country="India")])
    later(stage, seconds=30)
    stage.read([row(country="Nepal")])
    later(stage, minutes=2)
    assert told(stage) == ["10:01:30 team: New lead: Lead 1, Nepal"]
    assert ended(stage) == [("lead.created", "Other", "delivered", None)]


def test_where_no_rule_is_left_it_ends_with_a_reason(staged: Staged) -> None:
    stage = staged(INDIANS.partition("  - {name: Other")[0])
    stage.read([row(country="Nepal")])
    later(stage, minutes=2)
    assert ended(stage) == [("lead.created", "Indian", "skipped", "no longer so")]


def test_its_details_are_absorbed_where_it_settles_and_told_elsewhere(staged: Staged) -> None:
    stage = staged(NEW + UPDATED)
    stage.read([row()])
    later(stage, seconds=10)
    stage.read([row(city="Pune")])
    later(stage, minutes=2)
    assert told(stage) == [
        "10:00:10 screen: Lead 1: city changed",
        "10:01:10 team: New lead: Lead 1, Pune",
    ]
    assert ("lead.updated", "Updated", "skipped", "settled") in ended(stage)


def test_what_changes_on_the_very_page_that_brings_it_is_absorbed_too(staged: Staged) -> None:
    stage = staged(NEW + UPDATED)
    newer = MONDAY_10 + timedelta(seconds=1)
    stage.read([row(), row(city="Pune", updated_at=iso_ms(newer)), row(2)])
    later(stage, minutes=2)
    assert told(stage) == [
        "10:00:00 screen: Lead 1: city changed",
        "10:01:00 team: New lead: Lead 1, Pune",
        "10:01:00 team: New lead: Lead 2",
    ]
    assert ("lead.updated", "Updated", "skipped", "settled") in ended(stage)


def test_its_other_events_wait_behind_it_and_keep_their_order(staged: Staged) -> None:
    stage = staged(NEW + CLOSED)
    stage.read([row()])
    later(stage, seconds=30)
    stage.read([row(status="CLOSED")])
    assert told(stage) == []
    later(stage, minutes=2)
    assert [line.partition(" ")[0] for line in told(stage)] == ["10:01:30", "10:01:30"]
    assert [one.message.parts[0].event.type for one in stage.sent] == [
        "lead.created",
        "lead.status_changed",
    ]


def test_other_leads_do_not_wait_behind_it(staged: Staged) -> None:
    stage = staged(NEW + CLOSED)
    stage.read([row(1), row(2)])
    later(stage, minutes=2)
    stage.sent.clear()
    stage.read([row(3)])
    stage.read([row(1, status="CLOSED")])
    assert len(told(stage)) == 1


def test_after_a_restart_it_goes_on_settling(staged: Staged) -> None:
    stage = staged(NEW)
    stage.read([row()])
    later(stage, seconds=30)
    stage = restarted(stage)
    assert told(stage) == []
    later(stage, seconds=30)
    assert told(stage) == ["10:01:00 team: New lead: Lead 1"]


def test_what_settles_for_a_removed_rule_goes_out_as_it_was_planned(staged: Staged) -> None:
    stage = staged(NEW)
    stage.read([row(country="India")])
    stage = restarted(stage, CLOSED)
    later(stage, minutes=1)
    assert told(stage) == ["10:01:00 team: New lead: Lead 1, India"]


def test_what_settles_for_a_disabled_rule_goes_out_as_it_was_planned(staged: Staged) -> None:
    stage = staged(NEW)
    stage.read([row()])
    stage = restarted(stage, NEW.replace("settle", "enabled: false, settle"))
    later(stage, minutes=1)
    assert told(stage) == ["10:01:00 team: New lead: Lead 1"]


def test_a_settled_lead_outside_the_window_is_held(staged: Staged) -> None:
    friday_evening = MONDAY_10.replace(day=6, hour=17, minute=59, second=30)
    stage = staged(NEW.replace("send", "only: office, send"), at=friday_evening)
    stage.read([row(at=friday_evening)])
    later(stage, days=3)
    assert [one.at for one in stage.sent] == [MONDAY_10.replace(day=9, hour=9)]


def test_a_settled_lead_joins_the_digest_of_its_rule(staged: Staged) -> None:
    stage = staged(NEW.replace("send", "digest: 10m, send"))
    stage.read([row(1)])
    later(stage, minutes=5)
    stage.read([row(2)])
    later(stage, hours=1)
    assert told(stage) == ["10:11:00 team: New lead: Lead 1 + New lead: Lead 2"]
