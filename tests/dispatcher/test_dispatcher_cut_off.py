"""A message that ends the program each time it is sent takes no others along."""

from collections import Counter
from datetime import timedelta

from notifier.destinations.base import Receipt
from notifier.dispatcher.attempts import Attempt
from notifier.dispatcher.turn import LaneFacts, Turn, take_turn
from notifier.rehearsal.stage import Stage
from notifier.store import outbox
from support.stages import MONDAY_10, row, staged

RULES = "  - {name: New, when: lead.created, only: office, send: [crm, screen]}\n"
SLOTS = {"crm": 31, "screen": 4}


def turn(stage: Stage, name: str, *ended: Attempt) -> Turn:
    facts = LaneFacts(
        destination=name,
        policy=stage.limits[name].policy,
        burst=None,
        present=stage.present,
        free=0 if ended else SLOTS[name],
        in_flight=0,
    )
    at_ms = int(MONDAY_10.timestamp() * 1000)
    return take_turn(stage.db, facts, ended, stage.rules, now_ms=at_ms)


def test_only_the_message_that_ends_the_program_is_dead() -> None:
    stage = staged(RULES, at=MONDAY_10 - timedelta(hours=2))
    stage.read([row(n) for n in range(20)])
    while any((flights := {name: turn(stage, name).claimed for name in SLOTS}).values()):
        if any(bundle[0].lead == "b1/lead13" for bundle in flights["crm"]):
            outbox.release_all(stage.db, now_ms=0)
            continue
        for name, bundles in flights.items():
            taken = [
                Attempt(claimed=one, probe=False, jitter=0.0, receipt=Receipt())
                for one in bundles
            ]
            turn(stage, name, *taken)
    states = stage.db.execute("SELECT destination, state FROM deliveries").fetchall()
    assert Counter(states) == {
        ("crm", "delivered"): 19,
        ("crm", "dead"): 1,
        ("screen", "delivered"): 20,
    }
