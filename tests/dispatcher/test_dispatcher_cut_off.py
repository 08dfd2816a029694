"""A message that ends the program each time it is sent takes no others along."""

from collections import Counter
from datetime import datetime, timedelta

from notifier.destinations.base import Receipt
from notifier.dispatcher.messages import message_of
from notifier.errors import DeliveryError, TemporaryDeliveryError, UnsureDeliveryError
from notifier.rehearsal.stage import Stage
from notifier.store import outbox
from notifier.transactions.attempts import Attempt
from notifier.transactions.turn import LaneFacts, Turn, take_turn
from support.stages import MONDAY_10, Staged, row

RULES = "  - {name: New, when: lead.created, only: office, send: [crm, screen]}\n"
SLOTS = {"crm": 31, "screen": 4}
AT_MS = int(MONDAY_10.timestamp() * 1000)


def turn(stage: Stage, name: str, *ended: Attempt, in_flight: int = 0) -> Turn:
    facts = LaneFacts(
        destination=name,
        policy=stage.limits[name].policy,
        burst=None,
        current_lead=stage.current_lead,
        free=0 if ended else SLOTS[name],
        in_flight=in_flight,
    )
    with stage.session.transaction():
        return take_turn(stage.session, facts, ended, stage.rules, now_ms=AT_MS)


def leads(turn: Turn) -> list[str]:
    return [bundle[0].lane_key for bundle in turn.claimed]


def test_only_the_message_that_ends_the_program_is_dead(staged: Staged) -> None:
    stage = staged(RULES, at=MONDAY_10 - timedelta(hours=2))
    stage.read([row(n) for n in range(20)])
    while any((flights := {name: turn(stage, name).claimed for name in SLOTS}).values()):
        if any(bundle[0].lane_key == "b1/lead13" for bundle in flights["crm"]):
            outbox.release_all(stage.session, now_ms=0)
            continue
        for name, bundles in flights.items():
            taken = [
                Attempt(claimed=one, probe=False, jitter=0.0, receipt=Receipt())
                for one in bundles
            ]
            turn(stage, name, *taken)
    states = stage.session.execute("SELECT destination, state FROM deliveries").fetchall()
    assert Counter(states) == {
        ("crm", "delivered"): 19,
        ("crm", "dead"): 1,
        ("screen", "delivered"): 20,
    }


def test_what_was_cut_off_twice_lets_the_others_go_first_and_goes_alone(staged: Staged) -> None:
    stage = staged(RULES, at=MONDAY_10 - timedelta(hours=2))
    stage.read([row(1), row(2)])
    for _ in range(2):
        assert leads(turn(stage, "crm")) == ["b1/lead1", "b1/lead2"]
        outbox.release_all(stage.session, now_ms=AT_MS)
    stage.read([row(3), row(4)])
    assert leads(turn(stage, "crm")) == ["b1/lead3", "b1/lead4"]
    assert leads(turn(stage, "crm", in_flight=2)) == []
    stage.session.execute("UPDATE deliveries SET state = 'delivered' WHERE claimed = 1")
    assert leads(turn(stage, "crm")) == ["b1/lead1"]
    assert leads(turn(stage, "crm", in_flight=1)) == []


def retried(stage: Stage, claimed: Turn, failure: DeliveryError) -> Turn:
    """Record a failed attempt, and claim it anew when its time has come."""
    (bundle,) = claimed.claimed
    turn(
        stage, "crm", Attempt(claimed=bundle, probe=claimed.probe, jitter=0.0, failure=failure)
    )
    stage.session.execute("UPDATE deliveries SET due_ms = :now", {"now": AT_MS})
    stage.session.execute("UPDATE destinations SET probe_ms = :now", {"now": AT_MS})
    return turn(stage, "crm")


def cut_off(claimed: Turn) -> datetime | None:
    (bundle,) = claimed.claimed
    return message_of(bundle, claimed, {}).cut_off


def test_what_was_cut_off_says_so_until_it_is_known_how_that_ended(staged: Staged) -> None:
    stage = staged(RULES.replace("[crm, screen]", "crm"), at=MONDAY_10 - timedelta(hours=2))
    stage.read([row(1)])
    found = turn(stage, "crm")
    assert cut_off(found) is None
    outbox.release_all(stage.session, now_ms=AT_MS)
    found = turn(stage, "crm")
    since = cut_off(found)
    assert since is not None
    assert since <= MONDAY_10
    for _ in range(4):
        found = retried(stage, found, UnsureDeliveryError("Slack does not answer"))
        assert cut_off(found) == since
    assert cut_off(retried(stage, found, TemporaryDeliveryError("503"))) is None


def test_what_had_failed_before_it_was_cut_off_says_so_too(staged: Staged) -> None:
    stage = staged(RULES.replace("[crm, screen]", "crm"), at=MONDAY_10 - timedelta(hours=2))
    stage.read([row(1)])
    found = turn(stage, "crm")
    for _ in range(4):
        found = retried(stage, found, TemporaryDeliveryError("503"))
    assert cut_off(found) is None
    outbox.release_all(stage.session, now_ms=AT_MS)
    stage.session.execute("UPDATE destinations SET probe_ms = :now", {"now": AT_MS})
    assert cut_off(turn(stage, "crm")) is not None


def test_an_attempt_that_failed_is_none_that_was_cut_off(staged: Staged) -> None:
    stage = staged(RULES.replace("[crm, screen]", "crm"), at=MONDAY_10 - timedelta(hours=2))
    stage.read([row(1)])
    turn(stage, "crm")
    outbox.release_all(stage.session, now_ms=AT_MS)
    assert cut_off(retried(stage, turn(stage, "crm"), TemporaryDeliveryError("503"))) is None
