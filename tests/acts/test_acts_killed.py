"""A ladder of three steps, and an act, killed at every statement: each is told once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from notifier.configuration.destinations import limits
from notifier.core.acts import Release, Snooze, Take
from notifier.core.people import Person, Through
from notifier.core.rows import ms_of
from notifier.rehearsal.stage import Stage
from notifier.store import acts, ladders, lead_acts, lead_search, pages_leads, retention
from notifier.store.pages_leads import Wanted
from notifier.store.session import Rows, Session, Values
from notifier.transactions.acts import Actor
from support.databases import Database
from support.stages import MONDAY_10, WEBSITE, later, restarted, row, ruleset

STEPS = "[{after: 10m, send: crm}, {after: 30m, send: screen}, {after: 2h, send: team}]"
RULES = f"""
  - name: Waits
    if: {{status: OPEN, taken_by: null}}
    for: 15m
    send: team
    escalate: {STEPS}
  - {{name: Acts, when: lead.taken, send: screen}}
"""
HAND = Actor(by=Person(agent="a1", name="Asha Rao"), through=Through.SLACK, click="C1")


class KilledError(BaseException):
    """Nothing after it happens: as a kill, no code of ours may catch it."""


class Mortal:
    """A session that dies at a statement; whatever its transaction wrote is undone."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.left: int | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def execute(self, sql: str, values: Values | None = None, /) -> Rows:
        self._live()
        return self._session.execute(sql, values or {})

    def spread(self, sql: str, values: Values, /) -> Rows:
        self._live()
        return self._session.spread(sql, values)

    def executemany(self, sql: str, rows: Any, /) -> object:
        self._live()
        return self._session.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._session.transaction():
            yield
            self._live()  # killed just before the commit

    def _live(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise KilledError


def staged(session: Session) -> Stage:
    found = ruleset(RULES)
    stage = Stage(
        session=session, rules=found, limits=limits(found), source=WEBSITE, now=MONDAY_10
    )
    stage.open()
    return stage


def survive(
    stage: Stage, mortal: Mortal, do: Callable[[Stage], object], *, every: int = 1
) -> int:
    """Do it, killed at its first statement, then at a later one …; return how often."""
    deaths = 0
    while True:
        mortal.left = deaths * every
        try:
            do(stage)
        except KilledError:
            deaths += 1
            stage = restarted(stage)
            continue
        mortal.left = None
        return deaths


def told(stage: Stage) -> list[tuple[str, int, int]]:
    """Return of each event its type, when it was due (minutes), and how often it was told."""
    rows = stage.session.execute(
        "SELECT e.type, e.body, COUNT(*) FROM events AS e JOIN deliveries AS d"
        " ON d.event_seq = e.seq GROUP BY e.type, e.body, e.seq ORDER BY e.seq"
    ).fetchall()
    return [(kind, _minute(str(body)), int(count)) for kind, body, count in rows]


def _minute(body: str) -> int:
    time = body.split('"time":"')[1][11:16]
    hour, minute = time.split(":")
    return (int(hour) - 10) * 60 + int(minute)


def test_a_ladder_survives_a_kill_at_every_moment(database: Database) -> None:
    mortal = Mortal(database.open())
    stage = staged(mortal)
    stage.read([row()])
    deaths, every = 0, 1 if database.is_file else 7  # a server takes its time
    for minutes in (15, 10, 20, 90):
        at = stage.now + timedelta(minutes=minutes)
        moved = replace(stage, now=at)
        deaths += survive(moved, mortal, lambda on: on.read([row()]), every=every)
        stage = restarted(replace(stage, now=at))
    assert deaths > 200 / every
    assert told(stage) == [
        ("lead.overdue", 15, 1),
        ("lead.overdue", 25, 1),
        ("lead.overdue", 45, 1),
        ("lead.overdue", 135, 1),
    ]
    later(stage, days=1)
    states = stage.session.execute("SELECT DISTINCT state FROM deliveries").fetchall()
    assert states == [("delivered",)]
    mortal.close()


def test_an_act_survives_a_kill_at_every_moment(database: Database) -> None:
    mortal = Mortal(database.open())
    stage = staged(mortal)
    stage.read([row()])
    deaths = survive(stage, mortal, lambda on: on.act("lead1", Take(), HAND))
    assert deaths > 10
    assert told(stage) == [("lead.taken", 0, 1)]
    assert len(acts.of_lead(mortal, "b1/lead1")) == 1
    mortal.close()


def test_both_engines_know_what_acts_left(database: Database) -> None:
    session = database.open()
    stage = staged(session)
    stage.read([row(1), row(2)])
    later(stage, minutes=26)
    stage.act("lead1", Take(), HAND)
    stage.act("lead2", Snooze(stage.now + timedelta(hours=1)), replace(HAND, click="C2"))
    found = ladders.of_lead(session, "b1", "lead1")["Waits"]
    assert (found.steps, found.ended) == (1, "Asha Rao took it")
    assert [one.lead_id for one in ladders.running(session)] == ["lead2"]
    assert lead_search.newest(session, beginning="lead", limit=9) == ["lead2", "lead1"]
    untaken = pages_leads.page(session, Wanted(untaken=True), limit=9, agents={})
    assert [one.edge.lead_id for one in untaken] == ["lead2"]
    later(stage, minutes=61)
    assert ladders.of_lead(session, "b1", "lead2")["Waits"].steps == 2
    stage.act("lead1", Release(), replace(HAND, click="C3"))
    with session.transaction():
        retention.prune(session, before_ms=ms_of(stage.now) + 1)
    assert list(lead_acts.states(session, "b1", ["lead1", "lead2"])) == []
    assert ladders.of_lead(session, "b1", "lead1") == {}
    session.close()
