"""``only`` and ``outside``: what becomes of matches outside a rule's hours."""

from datetime import datetime

import pytest

from notifier.store import mutes
from notifier.store.health import MuteTarget
from support.stages import MONDAY_10, Staged, ended, later, restarted, row, told

NIGHT = MONDAY_10.replace(hour=22)
MORNING = MONDAY_10.replace(day=3, hour=9)
ALL = "  - {name: All, when: lead.created, only: office, outside: OUTSIDE, send: team}\n"


def rule(outside: str) -> str:
    return ALL.replace("OUTSIDE", outside)


def night(staged: Staged, outside: str, more: str = "") -> list[datetime]:
    stage = staged(rule(outside) + more, at=NIGHT)
    stage.read([row(1, at=NIGHT)])
    later(stage, hours=1)
    stage.read([row(2, at=NIGHT)])
    later(stage, days=1)
    return [one.at for one in stage.sent]


@pytest.mark.parametrize("outside", ["hold", "digest", "drop"])
def test_inside_its_hours_a_rule_sends_at_once(staged: Staged, outside: str) -> None:
    stage = staged(rule(outside))
    stage.read([row()])
    assert told(stage) == ["10:00:00 team: New lead: Lead 1"]


def test_held_messages_go_out_one_by_one_when_the_window_opens(staged: Staged) -> None:
    assert night(staged, "hold") == [MORNING, MORNING]


def test_a_digest_of_the_night_goes_out_when_the_window_opens(staged: Staged) -> None:
    stage = staged(rule("digest"), at=NIGHT)
    stage.read([row(1, at=NIGHT), row(2, at=NIGHT)])
    later(stage, days=1)
    assert told(stage) == ["09:00:00 team: New lead: Lead 1 + New lead: Lead 2"]


def test_dropped_matches_are_recorded_and_never_sent(staged: Staged) -> None:
    stage = staged(rule("drop"), at=NIGHT)
    stage.read([row(at=NIGHT)])
    later(stage, days=1)
    assert told(stage) == []
    assert ended(stage) == [("lead.created", "All", "skipped", "drop")]


def test_a_dropping_rule_leaves_the_destination_to_later_rules(staged: Staged) -> None:
    assert night(staged, "drop", "  - {name: Else, when: lead.created, send: team}\n") == [
        NIGHT,
        NIGHT.replace(hour=23),
    ]


def test_a_holding_rule_claims_the_destination(staged: Staged) -> None:
    assert night(staged, "hold", "  - {name: Else, when: lead.created, send: team}\n") == [
        MORNING,
        MORNING,
    ]


def test_held_messages_are_overtaken_by_the_leads_later_events(staged: Staged) -> None:
    stage = staged(
        rule("hold") + "  - {name: Closed, when: lead.status_changed, send: team}\n", at=NIGHT
    )
    stage.read([row(at=NIGHT)])
    stage.read([row(at=NIGHT, status="CLOSED")])
    later(stage, days=1)
    assert [one.rules for one in stage.sent] == [("Closed",), ("All",)]


def test_what_is_held_survives_a_restart_and_goes_out_once(staged: Staged) -> None:
    stage = staged(rule("hold"), at=NIGHT)
    stage.read([row(at=NIGHT)])
    stage = restarted(stage)
    later(stage, days=3)
    assert [one.at for one in stage.sent] == [MORNING]


def test_what_a_removed_rule_holds_goes_out_unchanged_when_the_window_opens(
    staged: Staged,
) -> None:
    stage = staged(rule("hold"), at=NIGHT)
    stage.read([row(at=NIGHT)])
    stage = restarted(stage, "  - {name: Else, when: lead.updated, send: team}\n")
    later(stage, days=3)
    assert [(one.at, one.title) for one in stage.sent] == [(MORNING, "New lead: Lead 1")]


def test_events_of_one_lead_in_one_poll_are_one_message_and_one_request_each(
    staged: Staged,
) -> None:
    stage = staged("  - {name: All, when: lead.*, send: [team, screen, crm]}\n")
    stage.read([row()])
    stage.sent.clear()
    stage.read([row(status="CLOSED", city="Pune", assignee={"id": "a1", "name": "Asha"})])
    assert [(one.to, len(one.message.parts)) for one in stage.sent] == [
        ("screen", 3),
        ("team", 3),
        ("crm", 1),
        ("crm", 1),
        ("crm", 1),
    ]


def test_different_rules_and_different_polls_are_joined_with_nothing(staged: Staged) -> None:
    stage = staged(
        "  - {name: Status, when: lead.status_changed, send: team}\n"
        "  - {name: Owner, when: lead.assigned, send: team}\n"
    )
    stage.read([row()])
    stage.read([row(status="REVIEW", assignee={"id": "a1"})])
    stage.read([row(status="CLOSED", assignee={"id": "a1"})])
    assert [(one.rules, len(one.message.parts)) for one in stage.sent] == [
        (("Status",), 1),
        (("Owner",), 1),
        (("Status",), 1),
    ]


def test_a_change_that_repeats_another_is_a_request_of_its_own(staged: Staged) -> None:
    stage = staged("  - {name: All, when: lead.status_changed, digest: 1h, send: crm}\n")
    stage.read([row(updated_at=None)])
    for status in ("CLOSED", "OPEN", "CLOSED"):
        later(stage, minutes=1)
        stage.read([row(updated_at=None, status=status)])
    later(stage, hours=1)
    assert [len(one.message.parts) for one in stage.sent] == [1, 1, 1]


@pytest.mark.parametrize(
    ("target", "name"), [(MuteTarget.RULE, "First"), (MuteTarget.DESTINATION, "team")]
)
def test_a_muted_match_claims_and_is_skipped(
    staged: Staged, target: MuteTarget, name: str
) -> None:
    stage = staged(
        "  - {name: First, when: lead.created, send: team}\n"
        "  - {name: Second, when: lead.created, send: [team, screen]}\n"
    )
    until_ms = int(stage.now.timestamp() * 1000) + 60_000
    mutes.mute(stage.session, target, name, until_ms=until_ms)
    stage.read([row()])
    assert [one.to for one in stage.sent] == ["screen"]
    assert ended(stage)[0] == ("lead.created", "First", "skipped", "muted")
    later(stage, minutes=2)
    stage.read([row(2)])
    assert [one.to for one in stage.sent] == ["screen", "screen", "team"]


def test_a_template_that_fails_at_run_time_gives_way_to_the_built_in_words(
    staged: Staged,
) -> None:
    stage = staged(
        "  - name: New\n    when: lead.created\n    send: team\n"
        '    message: {title: "{{ 100 // (lead.tags | length - 2) }}"}\n'
    )
    stage.read([row(1), row(2, tags=["a", "b"])])
    assert told(stage) == ["10:00:00 team: -50", "10:00:00 team: New lead: Lead 2"]
