"""``burst``: what would flood people becomes one summary a period."""

from dataclasses import replace
from datetime import timedelta

import pytest

from notifier.core.event_types import EventType
from notifier.rehearsal.play import words
from notifier.rehearsal.stage import Stage
from notifier.transactions.turn import LaneFacts, Turn, take_turn
from support.polls import poll
from support.stages import MONDAY_10, PLACES, WEBSITE, Staged, ended, later, row, told

CLOSED = "  - {name: Closed, when: lead.status_changed, send: TO}\n"


def flooded(staged: Staged, rules: str, count: int, *, places: str = PLACES) -> Stage:
    """Return a stage on which ``count`` known leads were closed at once."""
    stage = staged(rules, places=places)
    stage.read([row(number) for number in range(count)])
    stage.sent.clear()
    stage.read([row(number, status="CLOSED") for number in range(count)])
    return stage


def close(stage: Stage, number: int) -> None:
    """Let a lead be closed without anybody being told yet."""
    closed = [row(number, status="CLOSED")]
    with stage.session.transaction():
        poll(stage.session, closed, source=WEBSITE, rules=stage.rules, at=stage.now)


def limited(burst: str) -> str:
    return PLACES.replace('channel: "#team"', f'channel: "#team", burst: {burst}')


@pytest.mark.parametrize("to", ["team", "mail"])
def test_five_hundred_leads_closed_at_once_are_thirty_messages_and_one_summary(
    staged: Staged, to: str
) -> None:
    places = PLACES + "  mail: {type: email, to: boss@example.com}\n"
    stage = flooded(staged, CLOSED.replace("TO", to), 500, places=places)
    assert len(stage.sent) == 30
    later(stage, hours=1)
    assert len(stage.sent) == 31
    summary = stage.sent[-1]
    assert (summary.at, len(summary.message.parts)) == (MONDAY_10 + timedelta(minutes=5), 470)
    assert summary.message.digest is not None
    subjects = {part.event.subject for sent in stage.sent for part in sent.message.parts}
    assert len(subjects) == 500


def test_a_summary_tells_what_it_sums_up(staged: Staged) -> None:
    stage = flooded(staged, CLOSED.replace("TO", "team"), 35)
    later(stage, hours=1)
    assert words(stage.sent[-1]).splitlines()[-7] == "5 closed (5 messages)"


def test_what_is_alone_over_the_limit_is_told_as_itself(staged: Staged) -> None:
    stage = flooded(staged, CLOSED.replace("TO", "team"), 31)
    later(stage, hours=1)
    last = stage.sent[-1]
    assert (last.at, last.message.digest) == (MONDAY_10 + timedelta(minutes=5), None)
    assert last.message.lead is not None
    assert len(stage.sent) == 31


def test_an_event_in_a_summary_counts_as_delivered(staged: Staged) -> None:
    stage = flooded(staged, CLOSED.replace("TO", "team"), 40)
    later(stage, hours=1)
    assert {state for _, _, state, _ in ended(stage)} == {"delivered"}


@pytest.mark.parametrize("to", ["screen", "crm"])
def test_consoles_and_webhooks_know_no_limit(staged: Staged, to: str) -> None:
    assert len(flooded(staged, CLOSED.replace("TO", to), 50).sent) == 50


def test_a_destination_may_have_another_limit(staged: Staged) -> None:
    stage = flooded(
        staged, CLOSED.replace("TO", "team"), 10, places=limited("{limit: 2, per: 1m}")
    )
    assert len(stage.sent) == 2
    later(stage, minutes=1)
    assert [len(one.message.parts) for one in stage.sent] == [1, 1, 8]


def test_null_turns_it_off(staged: Staged) -> None:
    assert (
        len(flooded(staged, CLOSED.replace("TO", "team"), 100, places=limited("null")).sent)
        == 100
    )


def test_a_message_with_a_mention_is_exempt(staged: Staged) -> None:
    rules = CLOSED.replace("TO", "team, mention: here")
    assert len(flooded(staged, rules, 50).sent) == 50


def test_an_overdue_lead_is_exempt(staged: Staged) -> None:
    stage = staged("  - {name: Waits, if: {status: OPEN}, for: 15m, send: team}\n")
    stage.read([row(number) for number in range(50)])
    later(stage, minutes=15)
    assert len(stage.sent) == 50


def test_operations_are_exempt(staged: Staged) -> None:
    stage = staged("  - {name: Down, when: source.down, send: team}\n")
    for number in range(50):
        stage.happen(EventType.SOURCE_DOWN, f"website {number}", "no answer")
    assert len(stage.sent) == 50


def test_what_comes_until_then_joins_the_summary(staged: Staged) -> None:
    stage = flooded(staged, CLOSED.replace("TO", "team"), 31)
    later(stage, minutes=4)
    stage.read([row(1, status="OPEN")])
    assert len(stage.sent) == 30
    later(stage, minutes=1)
    assert [len(one.message.parts) for one in stage.sent[30:]] == [2]


def test_there_is_one_summary_a_period(staged: Staged) -> None:
    stage = flooded(
        staged, CLOSED.replace("TO", "team"), 5, places=limited("{limit: 2, per: 10m}")
    )
    for minute in range(60):
        later(stage, minutes=1)
        stage.read([row(minute % 5, status=f"S{minute}")])
    for start in range(60):
        begin = MONDAY_10 + timedelta(minutes=start)
        window = [one for one in stage.sent if begin <= one.at < begin + timedelta(minutes=10)]
        singles = [one for one in window if one.message.digest is None]
        assert len(singles) <= 2
        assert len(window) - len(singles) <= 1


def test_in_a_quiet_time_nothing_is_summed_up(staged: Staged) -> None:
    stage = flooded(staged, CLOSED.replace("TO", "team"), 5)
    assert [len(one.message.parts) for one in stage.sent] == [1] * 5
    assert len(told(stage)) == 5


def test_what_is_under_way_counts_as_sent_now(staged: Staged) -> None:
    stage = staged(CLOSED.replace("TO", "team"), places=limited("{limit: 1, per: 5m}"))
    limits = stage.limits["team"]
    lane = LaneFacts(
        destination="team",
        policy=limits.policy,
        burst=limits.burst,
        current_lead=stage.current_lead,
        free=1,
        in_flight=0,
    )
    now_ms = int(MONDAY_10.timestamp() * 1000)

    def taken(facts: LaneFacts, *, at_ms: int) -> Turn:
        with stage.session.transaction():
            return take_turn(stage.session, facts, [], stage.rules, now_ms=at_ms)

    stage.read([row(1), row(2)])
    close(stage, 1)
    assert len(taken(lane, at_ms=now_ms).claimed) == 1
    close(stage, 2)
    busy = replace(lane, free=1, in_flight=1)
    turn = taken(busy, at_ms=now_ms + 1_000)
    assert (turn.claimed, turn.next_ms) == ([], now_ms + 301_000)
    (due_ms,) = stage.session.execute(
        "SELECT due_ms FROM deliveries WHERE held = 'burst'"
    ).fetchone()
    assert due_ms == now_ms + 301_000


def test_a_destination_with_a_mention_of_its_own_is_exempt(staged: Staged) -> None:
    places = PLACES.replace('channel: "#team"', 'channel: "#team", mention: here')
    assert len(flooded(staged, CLOSED.replace("TO", "team"), 50, places=places).sent) == 50
