"""A turn stays quick however much waits: none of its statements reads all deliveries."""

import pytest

from notifier.rehearsal.stage import Stage
from notifier.store.session import Session
from notifier.store.sqlite_session import SqliteSession
from notifier.transactions.turn import LaneFacts, take_turn
from support.stages import MONDAY_10, row, staged

RULES = """
  - {name: New, when: lead.created, send: [crm, team]}
"""


def statements(stage: Stage, destination: str) -> list[str]:
    """Return the statements of a lane's turn, with their values filled in."""
    limits = stage.limits[destination]
    facts = LaneFacts(
        destination=destination,
        policy=limits.policy,
        burst=limits.burst,
        current_lead=stage.current_lead,
        free=16,
        in_flight=0,
    )
    found: list[str] = []
    assert isinstance(stage.session, SqliteSession)
    stage.session.set_trace_callback(found.append)
    take_turn(stage.session, facts, [], stage.rules, now_ms=int(MONDAY_10.timestamp() * 1000))
    stage.session.set_trace_callback(None)
    return [one for one in found if "deliveries" in one]


def plan(db: Session, statement: str) -> list[str]:
    return [line[3] for line in db.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()]


@pytest.mark.parametrize("destination", ["crm", "team"])
@pytest.mark.parametrize("trouble", [None, "failing"])
def test_a_turn_looks_at_no_more_than_it_needs(destination: str, trouble: str | None) -> None:
    stage = staged(RULES)
    stage.read([row(number) for number in range(3)])
    stage.session.execute("UPDATE deliveries SET state = 'pending', delivered_ms = NULL")
    if trouble:
        stage.session.execute(
            "INSERT INTO destinations (name, state, failures) VALUES (:name, :state, 3)"
            " ON CONFLICT (name) DO UPDATE SET state = excluded.state",
            {"name": destination, "state": trouble},
        )
    looked = statements(stage, destination)
    assert len(looked) > 5
    for statement in looked:
        for step in plan(stage.session, statement):
            assert "SCAN deliveries" not in step, statement
            assert "SCAN d" not in step, statement
            # An equality on the destination alone would read all it has or had.
            wide = step.endswith("(destination=?)") and not step.endswith(
                ("deliveries_claimed (destination=?)", "deliveries_lost (destination=?)")
            )
            assert not wide or "deliveries_tried" in step, (statement, step)
