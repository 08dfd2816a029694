"""``for``, ``repeat`` and ``clock``: a condition that holds too long."""

from datetime import timedelta

import pytest

from notifier.core.mutes import Mutes
from notifier.rehearsal.stage import Stage
from notifier.store import mutes, snapshots, timers
from notifier.store.health import MuteTarget
from notifier.transactions import overdue
from notifier.transactions.overdue_events import GoodPoll
from support.stages import MONDAY_10, Staged, ended, later, restarted, row, told

WAITS = "  - {name: Waits, if: {status: OPEN, assignee: null}, for: 15m, send: team}\n"
REPEATS = WAITS.replace("for: 15m", "for: 15m, repeat: 1h")
OFFICE = WAITS.replace("for: 15m", "for: 2h, clock: office")
HELD = WAITS.replace("send", "only: office, send")
FRIDAY_17 = MONDAY_10.replace(day=6, hour=17)


def times(stage: Stage) -> list[str]:
    return [f"{one.at:%d %H:%M}" for one in stage.sent]


def test_it_alarms_once_when_the_condition_has_held_long_enough(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=14, seconds=59)
    assert told(stage) == []
    later(stage, days=3)
    assert told(stage) == ["10:15:00 team: Waits: Lead 1"]


def test_the_event_says_whose_rule_it_is_and_since_when(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=15)
    event = stage.sent[0].message.parts[0].event
    assert (event.type, event.time) == ("lead.overdue", "2026-03-02T10:15:00.000Z")
    assert event.data.overdue is not None
    assert event.data.overdue.rule == "Waits"
    assert event.data.overdue.since == "2026-03-02T10:00:00.000Z"
    assert event.data.overdue.for_s == 900
    assert event.data.changes == {}


def test_it_counts_from_the_change_that_turned_the_condition_true(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row(status="REVIEW")])
    later(stage, minutes=10)
    stage.read([row(status="OPEN")])
    later(stage, hours=1)
    assert times(stage) == ["02 10:25"]


def test_a_change_that_makes_the_condition_false_cancels(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=14)
    stage.read([row(assignee={"id": "a1"})])
    later(stage, days=1)
    assert (times(stage), timers.count(stage.session)) == ([], 0)


def test_a_break_starts_the_count_anew(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=10)
    stage.read([row(status="REVIEW")])
    stage.read([row(status="OPEN")])
    later(stage, days=1)
    assert times(stage) == ["02 10:25"]


def test_a_change_that_leaves_it_true_does_not_disturb_the_count(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=10)
    stage.read([row(city="Pune")])
    later(stage, days=1)
    assert times(stage) == ["02 10:15"]


def test_after_its_alarm_only_a_new_break_starts_it_again(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, hours=1)
    stage.read([row(city="Pune")])
    later(stage, hours=1)
    stage.read([row(status="REVIEW")])
    stage.read([row(status="OPEN")])
    later(stage, hours=1)
    assert times(stage) == ["02 10:15", "02 12:15"]


def test_it_repeats_while_the_condition_still_holds(staged: Staged) -> None:
    stage = staged(REPEATS)
    stage.read([row()])
    later(stage, minutes=150)
    stage.read([row(status="CLOSED")])
    later(stage, days=1)
    assert times(stage) == ["02 10:15", "02 11:15", "02 12:15"]


def test_only_the_hours_of_its_clock_count(staged: Staged) -> None:
    stage = staged(OFFICE, at=FRIDAY_17)
    stage.read([row(at=FRIDAY_17)])
    later(stage, days=7)
    assert times(stage) == ["09 10:00"]


def test_what_comes_at_night_counts_from_the_morning(staged: Staged) -> None:
    night = MONDAY_10.replace(hour=23)
    stage = staged(OFFICE, at=night)
    stage.read([row(at=night)])
    later(stage, days=1)
    assert times(stage) == ["03 11:00"]


def test_it_repeats_by_its_clock(staged: Staged) -> None:
    stage = staged(OFFICE.replace("for: 2h", "for: 1h, repeat: 8h30m"))
    stage.read([row()])
    later(stage, days=2)
    assert times(stage) == ["02 11:00", "03 10:30", "04 10:00"]


def test_it_survives_a_restart(staged: Staged) -> None:
    stage = staged(REPEATS)
    stage.read([row()])
    later(stage, minutes=10)
    stage = restarted(stage)
    later(stage, minutes=10)
    stage = restarted(stage)
    later(stage, minutes=60)
    assert times(stage) == ["02 11:15"]
    assert [state for _, _, state, _ in ended(stage)] == ["delivered", "delivered"]


def test_leads_of_the_baseline_start_nothing(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.session.execute("UPDATE listings SET baseline_done_ms = NULL")
    stage.read([row()])
    stage.open()
    later(stage, days=1)
    assert times(stage) == []
    stage.read([row(status="REVIEW")])
    stage.read([row(status="OPEN")])
    later(stage, days=1)
    assert times(stage) == ["03 10:15"]


def test_a_rule_that_is_added_starts_nothing_for_leads_it_holds_for_already(
    staged: Staged,
) -> None:
    stage = staged("  - {name: Else, when: lead.status_changed, send: screen}\n")
    stage.read([row(1)])
    stage = restarted(stage, WAITS)
    stage.read([row(1, city="Pune"), row(2)])
    later(stage, days=1)
    assert [one.message.parts[0].event.subject for one in stage.sent] == ["lead2"]


def test_a_changed_rule_keeps_the_start_and_counts_anew(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=10)
    stage = restarted(stage, WAITS.replace("15m", "1h"))
    later(stage, days=1)
    assert times(stage) == ["02 11:00"]


def test_a_shortened_wait_that_is_over_already_alarms_at_once(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    later(stage, minutes=10)
    stage = restarted(stage, WAITS.replace("15m", "5m"))
    stage.read([])
    assert times(stage) == ["02 10:10"]


def test_a_changed_condition_that_does_not_hold_ends_the_timer(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    stage = restarted(stage, WAITS.replace("status: OPEN", "status: REVIEW"))
    assert timers.count(stage.session) == 0


def test_a_changed_repetition_counts_from_the_last_alarm(staged: Staged) -> None:
    stage = staged(REPEATS)
    stage.read([row()])
    later(stage, minutes=20)
    stage = restarted(stage, REPEATS.replace("repeat: 1h", "repeat: 30m"))
    later(stage, minutes=60)
    assert times(stage) == ["02 10:45", "02 11:15"]


@pytest.mark.parametrize("rules", ["", WAITS.replace("send", "enabled: false, send")])
def test_a_removed_or_disabled_rule_loses_its_timers(staged: Staged, rules: str) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    other = "  - {name: Else, when: lead.status_changed, send: screen}\n"
    stage = restarted(restarted(stage, other + rules), WAITS)
    later(stage, days=1)
    assert times(stage) == []


def test_a_lead_that_the_last_sweep_did_not_find_alarms_only_once_it_is_back(
    staged: Staged,
) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    snapshots.mark_absent(stage.session, "b1", "lead", [], since=1_000)
    later(stage, days=1)
    assert times(stage) == []
    stage.read([row(city="Pune")])
    assert times(stage) == ["03 10:00"]


def test_it_waits_for_a_head_poll_that_began_after_it_came_due(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    for minutes, alarms in ((0, 0), (14, 0), (15, 1), (16, 0)):
        with stage.session.transaction():
            poll = GoodPoll(
                bot_id="b1",
                listing_type="lead",
                begun=MONDAY_10 + timedelta(minutes=minutes),
                at=MONDAY_10 + timedelta(hours=1),
                rules=stage.rules,
                mutes=Mutes(),
                current_lead=stage.current_lead,
            )
            written = overdue.fire(stage.session, poll)
        assert len(written.events) == alarms


def test_chats_count_only_where_the_condition_names_the_type(staged: Staged) -> None:
    stage = staged(
        WAITS + WAITS.replace("Waits", "Chats").replace("if: {", "if: {type: non-lead, ")
    )
    stage.read([row()], listing_type="non-lead")
    later(stage, days=1)
    assert [one.rules for one in stage.sent] == [("Chats",)]
    assert stage.sent[0].message.parts[0].event.type == "chat.overdue"


def test_a_conversion_starts_the_timers_of_leads(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()], listing_type="non-lead")
    later(stage, hours=1)
    stage.read([row()])
    later(stage, hours=1)
    assert times(stage) == ["02 11:15"]


@pytest.mark.parametrize("to", ["team", "crm"])
@pytest.mark.parametrize("outside", ["hold", "digest"])
def test_an_alarm_that_waited_for_its_window_is_checked_again_when_it_opens(
    staged: Staged, outside: str, to: str
) -> None:
    night = MONDAY_10.replace(hour=22)
    rule = HELD.replace("send: team", f"outside: {outside}, send: {to}")
    stage = staged(rule, at=night)
    stage.read([row(1, at=night), row(2, at=night)])
    later(stage, hours=5)
    stage.read([row(1, at=night, assignee={"id": "a1"})])
    later(stage, days=1)
    told_of = [part.event.subject for one in stage.sent for part in one.message.parts]
    assert told_of == ["lead2"]
    assert times(stage) == ["03 09:00"]
    assert ended(stage)[0] == ("lead.overdue", "Waits", "skipped", "no longer so")


@pytest.mark.parametrize("outside", ["hold", "digest"])
def test_it_is_the_rule_of_the_alarm_that_must_still_hold(staged: Staged, outside: str) -> None:
    night = MONDAY_10.replace(hour=22)
    also = (
        f"  - {{name: Also, when: lead.overdue, only: office, outside: {outside}, send: crm}}\n"
    )
    stage = staged(WAITS + also, at=night)
    stage.read([row(1, at=night), row(2, at=night)])
    later(stage, hours=5)
    stage.read([row(1, at=night, status="CLOSED")])
    later(stage, days=1)
    to_crm = [one.message.parts[0].event.subject for one in stage.sent if one.to == "crm"]
    assert to_crm == ["lead2"]


def test_a_digest_of_which_nothing_holds_any_more_is_not_sent(staged: Staged) -> None:
    night = MONDAY_10.replace(hour=22)
    stage = staged(HELD.replace("send", "outside: digest, send"), at=night)
    stage.read([row(at=night)])
    later(stage, hours=5)
    stage.read([row(at=night, status="CLOSED")])
    later(stage, days=1)
    assert (times(stage), [reason for *_, reason in ended(stage)]) == ([], ["no longer so"])


def test_a_digest_of_the_rules_own_reports_what_was_overdue_in_its_hours(
    staged: Staged,
) -> None:
    stage = staged(HELD.replace("send", "outside: digest, digest: 2h, send"))
    stage.read([row()])
    later(stage, hours=1)
    stage.read([row(status="CLOSED")])
    later(stage, days=1)
    assert times(stage) == ["02 12:15"]


def test_an_alarm_of_a_muted_rule_is_skipped_and_not_made_up_for(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row()])
    until_ms = int((MONDAY_10 + timedelta(hours=1)).timestamp() * 1000)
    mutes.mute(stage.session, MuteTarget.RULE, "Waits", until_ms=until_ms)
    later(stage, days=1)
    assert times(stage) == []
    assert ended(stage) == [("lead.overdue", "Waits", "skipped", "muted")]


def test_alarms_that_were_missed_are_not_made_up_for(staged: Staged) -> None:
    stage = staged(REPEATS)
    stage.read([row()])
    stage.now += timedelta(hours=5)
    stage.read([])
    later(stage, hours=1)
    assert times(stage) == ["02 15:00", "02 16:00"]
    stage = restarted(stage)
    later(stage, hours=1)
    assert times(stage) == ["02 17:00"]


def test_one_lead_may_be_overdue_by_several_rules(staged: Staged) -> None:
    stage = staged(WAITS + WAITS.replace("Waits", "Still").replace("15m", "2h"))
    stage.read([row()])
    later(stage, days=1)
    assert times(stage) == ["02 10:15", "02 12:00"]


def test_other_rules_may_listen_to_the_alarm_of_one(staged: Staged) -> None:
    stage = staged(WAITS + "  - {name: Also, when: lead.overdue, send: [team, screen]}\n")
    stage.read([row()])
    later(stage, hours=1)
    assert sorted((one.to, one.rules) for one in stage.sent) == [
        ("screen", ("Also",)),
        ("team", ("Waits",)),
    ]


@pytest.mark.parametrize("kind", ["lead", "non-lead"])
def test_a_restored_backup_alarms_nobody_anew(staged: Staged, kind: str) -> None:
    stage = staged(WAITS.replace("if: {", "if: {type: [lead, non-lead], "))
    stage.read([row()], listing_type=kind)
    (timer,) = timers.running(stage.session)
    later(stage, minutes=15)
    timers.start(stage.session, [timer])
    later(stage, minutes=1)
    stage.read([], listing_type=kind)
    assert times(stage) == ["02 10:15"]


def test_a_lead_that_cannot_be_read_delays_no_other_and_is_told_later(staged: Staged) -> None:
    stage = staged(WAITS)
    stage.read([row(1), row(2)])
    (stored,) = stage.session.execute(
        "SELECT row FROM records WHERE lead_id LIKE '%1'"
    ).fetchone()
    stage.session.execute("UPDATE records SET row = '[' WHERE lead_id LIKE '%1'")
    later(stage, minutes=15)
    assert told(stage) == ["10:15:00 team: Waits: Lead 2"]
    stage.session.execute("UPDATE records SET row = :row WHERE row = '['", {"row": stored})
    later(stage, minutes=4)
    assert len(told(stage)) == 1
    later(stage, minutes=2)
    assert told(stage)[1:] == ["10:20:00 team: Waits: Lead 1"]
