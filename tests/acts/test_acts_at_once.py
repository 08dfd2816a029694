"""Many people click at the same moment, through processes that do not know each other."""

import asyncio
from contextlib import closing

from notifier.configuration.destinations import limits
from notifier.core.acts import Take, TakenAlready
from notifier.core.people import Person, Through
from notifier.rehearsal.stage import Stage
from notifier.store.db import Store
from notifier.transactions.acts import Actor, Done, Result, act
from support.databases import Database
from support.stages import MONDAY_10, WEBSITE, row, ruleset

DOORS, CLICKS = 4, 40
RULES = "  - {name: Acts, when: lead.taken, send: screen}\n"


async def test_the_first_wins_and_all_others_learn_who(database: Database) -> None:
    rules = ruleset(RULES)
    with closing(database.open()) as session:
        stage = Stage(
            session=session, rules=rules, limits=limits(rules), source=WEBSITE, now=MONDAY_10
        )
        stage.open()
        stage.read([row()])
        stores = [Store(database.engine) for _ in range(DOORS)]
        try:
            results = await asyncio.gather(
                *(_take(stores[number % DOORS], stage, number) for number in range(CLICKS))
            )
        finally:
            for store in stores:
                store.close()
    (done,) = [one for one in results if isinstance(one, Done)]
    others = [one for one in results if isinstance(one, TakenAlready)]
    assert len(others) == CLICKS - 1
    assert {one.by for one in others} == {done.state.taken}
    for table in ("events WHERE type = 'lead.taken'", "acts", "deliveries"):
        assert database.rows(f"SELECT COUNT(*) FROM {table}") == [(1,)]


async def _take(store: Store, stage: Stage, number: int) -> Result:
    by = Person(agent=f"a{number}", name=f"Agent {number}")
    return await store.run(
        act,
        "b1/lead1",
        Take(),
        Actor(by=by, through=Through.WEB, click=f"C{number}"),
        rules=stage.rules,
        current_lead=stage.current_lead,
        at=stage.now,
    )
