"""``digest``: collected, and sent as one message; nothing collected, nothing sent."""

from dataclasses import replace

import pytest

from notifier.dispatcher.messages import message_of
from notifier.rehearsal.stage import Stage
from notifier.transactions.turn import LaneFacts, take_turn
from support.stages import MONDAY_10, PLACES, Staged, ended, later, restarted, row, told

HOURLY = "  - {name: Hourly, when: lead.created, digest: 1h, send: team}\n"
DAILY = '  - {name: Daily, when: lead.created, digest: "0 18 * * mon-fri", send: team}\n'
SINGLY = "  - {name: Singly, when: lead.*, digest: 1h, send: crm}\n"


def headlines(stage: Stage) -> list[str | None]:
    return [sent.message.digest for sent in stage.sent]


def test_it_goes_out_a_while_after_its_first_event(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row(1)])
    later(stage, minutes=40)
    stage.read([row(2)])
    later(stage, minutes=40)
    assert told(stage) == ["11:00:00 team: New lead: Lead 1 + New lead: Lead 2"]
    assert headlines(stage) == ["Hourly"]


def test_one_event_is_a_digest_as_well(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row()])
    later(stage, hours=1)
    assert headlines(stage) == ["Hourly"]


def test_the_next_one_begins_with_the_next_event(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row(1)])
    later(stage, minutes=90)
    stage.read([row(2)])
    later(stage, minutes=90)
    assert [line.partition(" ")[0] for line in told(stage)] == ["11:00:00", "12:30:00"]


def test_a_cron_line_collects_until_its_next_time_and_skips_empty_days(staged: Staged) -> None:
    stage = staged(DAILY)
    stage.read([row(1)])
    later(stage, hours=1)
    stage.read([row(2)])
    later(stage, days=2)
    stage.read([row(3)])
    later(stage, days=2)
    assert [(one.at.day, one.at.hour, len(one.message.parts)) for one in stage.sent] == [
        (2, 18, 2),
        (4, 18, 1),
    ]


def test_each_rule_and_destination_has_its_own(staged: Staged) -> None:
    stage = staged(
        "  - {name: Indian, when: lead.created, if: {country: India}, digest: 1h,"
        " send: [team, screen]}\n"
        "  - {name: Other, when: lead.created, digest: 1h, send: team}\n"
    )
    stage.read([row(1, country="India"), row(2), row(3)])
    later(stage, hours=1)
    assert sorted((one.to, one.rules, len(one.message.parts)) for one in stage.sent) == [
        ("screen", ("Indian",), 1),
        ("team", ("Indian",), 1),
        ("team", ("Other",), 2),
    ]


def test_it_is_about_no_single_lead(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row(1), row(2)])
    later(stage, hours=1)
    (sent,) = stage.sent
    assert sent.message.lead is None
    assert [part.event.subject for part in sent.message.parts] == ["lead1", "lead2"]


def test_a_webhook_gets_its_events_singly_when_it_is_due(staged: Staged) -> None:
    stage = staged(SINGLY)
    stage.read([row(1)])
    later(stage, minutes=10)
    stage.read([row(2)])
    later(stage, hours=1)
    assert told(stage) == ["11:00:00 crm: lead.created", "11:00:00 crm: lead.created"]


def test_a_webhook_gets_what_is_due_of_one_lead_in_order(staged: Staged) -> None:
    stage = staged(SINGLY)
    stage.read([row(status="OPEN")])
    stage.read([row(status="REVIEW")])
    lane = LaneFacts(
        destination="crm",
        policy=stage.limits["crm"].policy,
        burst=None,
        current_lead=stage.current_lead,
        free=16,
        in_flight=0,
    )
    at_11_ms = int(MONDAY_10.replace(hour=11).timestamp() * 1000)
    with stage.session.transaction():
        turns = [
            take_turn(
                stage.session, replace(lane, in_flight=busy), [], stage.rules, now_ms=at_11_ms
            )
            for busy in range(2)
        ]
    claimed = [message_of(one, turn, {}) for turn in turns for one in turn.claimed]
    assert [message.parts[0].event.type for message in claimed] == ["lead.created"]


@pytest.mark.parametrize(
    "owner", ["{type: slack, channel: assignee}", "{type: email, to: [assignee]}"]
)
def test_of_a_digest_for_assignees_the_leads_of_nobody_are_skipped(
    staged: Staged, owner: str
) -> None:
    asha = "agents:\n  a1: {name: Asha, slack: U024BE7LH, email: asha@example.com}\n"
    places = f"{asha}{PLACES}  owner: {owner}\n"
    stage = staged(HOURLY.replace("team", "owner"), places=places)
    stage.read([row(1), row(2, assignee={"id": "a1"}), row(3, assignee={"id": "a2"})])
    later(stage, hours=1)
    assert told(stage) == ["11:00:00 owner: New lead: Lead 2"]
    assert [(state, reason) for _, _, state, reason in ended(stage)] == [
        ("skipped", "unresolved assignee"),
        ("delivered", None),
        ("skipped", "unresolved assignee"),
    ]


def test_what_a_removed_rule_had_collected_goes_out_at_once(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row(1), row(2)])
    later(stage, minutes=10)
    stage = restarted(stage, SINGLY)
    assert told(stage) == ["10:10:00 team: New lead: Lead 1 + New lead: Lead 2"]


def test_what_a_disabled_rule_had_collected_goes_out_at_once(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row(1)])
    stage = restarted(stage, HOURLY.replace("digest", "enabled: false, digest"))
    assert len(stage.sent) == 1


def test_it_survives_a_restart_and_a_reload_of_other_rules(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row(1)])
    stage = restarted(restarted(stage), HOURLY + SINGLY)
    assert told(stage) == []
    stage.read([row(2)])
    later(stage, hours=1)
    assert told(stage) == [
        "11:00:00 team: New lead: Lead 1 + New lead: Lead 2",
        "11:00:00 crm: lead.created",
    ]


def test_events_of_a_digest_end_delivered(staged: Staged) -> None:
    stage = staged(HOURLY)
    stage.read([row(1), row(2)])
    later(stage, hours=1)
    assert ended(stage) == [("lead.created", "Hourly", "delivered", None)] * 2


def test_a_digest_overtakes_nobody_and_is_overtaken(staged: Staged) -> None:
    stage = staged(HOURLY + "  - {name: Closed, when: lead.status_changed, send: team}\n")
    stage.read([row()])
    stage.read([row(status="CLOSED")])
    assert [one.rules for one in stage.sent] == [("Closed",)]
    later(stage, hours=1)
    assert [one.rules for one in stage.sent] == [("Closed",), ("Hourly",)]
