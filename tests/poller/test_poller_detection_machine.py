"""The proof of detection: whatever happens upstream and to the process, in any order.

A longer search: ``POLLER_EXAMPLES=2000 pytest tests/poller/test_poller_detection_machine.py``.
"""

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import cast

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from poller_house import Crash, House
from poller_model import Model, Told, as_told

from notifier.core.records import LEAD, NON_LEAD
from notifier.core.rows import Row
from notifier.errors import (
    BusyError,
    StoreError,
    UpstreamError,
    UpstreamPausedError,
    UpstreamRefusedError,
    UpstreamStaleError,
)
from notifier.simulator.listing import Order
from support.databases import Database

EXAMPLES = int(os.environ.get("POLLER_EXAMPLES", "15"))

ANYTHING = st.sampled_from(
    (
        ValueError("anything"),
        MemoryError(),
        RecursionError(),
        UnicodeEncodeError("utf-8", "\udce4", 0, 1, "surrogates not allowed"),
        sqlite3.OperationalError("Could not decode to UTF-8 column"),
    )
)

NEVER_S = 1_000_000
PICK = st.integers(0, 20)
TYPES = st.sampled_from((LEAD, NON_LEAD))
WHAT = st.sampled_from(("status", "assignee", "city", "message"))
LONG_PAUSE = UpstreamPausedError("too many requests (429)", retry_after_s=1200)
FAULTS = st.sampled_from(
    (
        UpstreamError("BotPenguin has a fault of its own (502)"),
        UpstreamRefusedError("refused (401)"),
        UpstreamStaleError("BotPenguin broke the connection off"),
        UpstreamPausedError("too many requests (429)", retry_after_s=None),
        LONG_PAUSE,
    )
)


class Machine(RuleBasedStateMachine):
    """Drives a world, a poller and its database; the model reads along."""

    sweeps_s: Sequence[int] = (120, NEVER_S)

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database.another()
        self.number = 0
        self.told = list[Told]()
        self.before: tuple[str, Row] | None = None
        self.model = Model()

    @initialize(
        size=st.integers(2, 3),
        leads=st.integers(9, 14),
        both=st.booleans(),
        sweep=st.integers(0, 1),
        settled=st.booleans(),
    )
    def build(self, size: int, leads: int, both: bool, sweep: int, settled: bool) -> None:
        self.house = House(
            self.database,
            page_size=size,
            types=(LEAD, NON_LEAD) if both else (LEAD,),
            sweep_s=self.sweeps_s[sweep],
        )
        self.world = self.house.world
        self.world.populate(leads)
        self.world.populate(leads // 2, listing_type=NON_LEAD)
        self.house.store.committed = self.model.committed
        if settled:
            self._poll(20)

    # What happens upstream

    @rule(listing_type=TYPES)
    def create(self, listing_type: str) -> None:
        self._moment()
        self.world.create(listing_type=listing_type, status=self._fresh("new"))

    @rule(picks=st.lists(PICK, min_size=1, max_size=7), what=WHAT)
    def change(self, picks: list[int], what: str) -> None:
        for pick in picks:
            self._moment()
            self._change(self._picked(pick), what)

    @rule(pick=PICK, unassigns=st.booleans())
    def change_little(self, pick: int, unassigns: bool) -> None:
        self._moment()
        if unassigns:
            self.world.assign(self._picked(pick), None)
        else:
            self.world.noise(1 + pick % 3)

    @rule(page=st.integers(1, 4), count=st.integers(1, 4))
    def let_rows_shift_before_a_page(self, page: int, count: int) -> None:
        def shift(number: int, listing_type: str) -> None:
            if number >= page and listing_type == LEAD:
                self.house.pages.before_page = lambda _number, _type: None
                for _ in range(count):
                    self.world.create(status=self._fresh("new"))

        self.house.pages.before_page = shift

    # What happens to the requests and to the process

    @rule(fault=FAULTS, times=st.integers(1, 4), after=st.integers(0, 3))
    def fail(self, fault: UpstreamError, times: int, after: int) -> None:
        self.house.pages.faults.extend([None] * after + [fault] * times)

    @rule(
        error=ANYTHING,
        where=st.sampled_from(("page", "before", "within", "after")),
        times=st.integers(1, 3),
        after=st.integers(0, 3),
    )
    def raise_anything(self, error: Exception, where: str, times: int, after: int) -> None:
        match where:
            case "page":
                self.house.pages.faults.extend([None] * after + [error] * times)
            case "before":
                self.house.store.faults.extend([error] * times)
            case "within":
                self.house.store.late_faults.extend([error] * times)
            case _:  # where lanes are woken: what was read is committed already
                self.house.wakes = self._raising(error, times)

    def _raising(self, error: Exception, times: int) -> Callable[[set[str]], None]:
        left = [times]

        def wake(_names: set[str]) -> None:
            left[0] -= 1
            if left[0] >= 0:
                raise error

        return wake

    @rule(times=st.integers(1, 3), error=st.sampled_from((StoreError, BusyError)))
    def lock_the_database(self, times: int, error: type[StoreError | BusyError]) -> None:
        self.house.store.faults.extend([error("not now")] * times)

    @rule(
        picks=st.lists(PICK, min_size=2, max_size=7),
        after=st.integers(0, 12),
        commits=st.booleans(),
    )
    def crash_amid_changes(self, picks: list[int], after: int, commits: bool) -> None:
        self.change(picks, "status")
        self.house.store.crash_in = after
        self.house.store.crash_commits = commits
        self._poll(16)

    @rule(how=st.sampled_from(("kill", "stop", "clock", "wait")), hours=st.integers(-3, 3))
    def disturb(self, how: str, hours: int) -> None:
        match how:
            case "kill":
                self.house.kill()
            case "clock":
                self.house.clock_step = timedelta(hours=hours)
            case "wait":  # for as long as breaks a walk that pauses
                self._poll(16 * 60)
            case _ if self.house.tasks:
                self._survive(self.house.stop)

    @rule(steps=st.integers(1, 40))
    def poll_for_a_moment(self, steps: int) -> None:
        self._poll(steps * 0.03)

    @rule(seconds=st.sampled_from((5, 16, 130)))
    def poll(self, seconds: int) -> None:
        self._poll(seconds)

    # What must hold

    @invariant()
    def the_events_are_those_of_the_pages_committed(self) -> None:
        self.told += map(as_told, self.house.events(skip=len(self.told)))
        told = [one for one in self.told if not one[0].startswith("source.")]
        assert told == self.model.expected

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            return self.database.close()
        try:
            self._end()
        finally:
            self.house.close()
            self.database.close()

    def _end(self) -> None:
        self._end_faults()
        if self.house.intervals.sweep_ms == NEVER_S * 1000:
            self.house.kill()
            self.house.away(2 * NEVER_S)
        self._poll_until(self.model.full_begun)
        self._assert_all_known()
        self.the_events_are_those_of_the_pages_committed()

    def _assert_all_known(self) -> None:
        stored = self.house.store.db.execute("SELECT lead_id, type, row FROM records")
        known = {
            lead_id: (listing_type, orjson.loads(row)) for lead_id, listing_type, row in stored
        }
        for listing_type in self.house.types:
            for lead_id in self.world.ids(listing_type):
                assert known.get(lead_id) == (listing_type, self.world.row(lead_id))

    def _moment(self) -> None:
        """Let a moment pass, so that no two things happen at once."""
        self.house.loop.skip(0.002)

    def _fresh(self, word: str) -> str:
        self.number += 1
        return f"{word} {self.number}"

    def _picked(self, pick: int) -> str:
        ids = [*self.world.ids(), *self.world.ids(NON_LEAD)]
        return ids[pick % len(ids)]

    def _change(self, lead_id: str, what: str) -> None:
        self.before = lead_id, self.world.row(lead_id)
        if what == "message":
            self.world.say(lead_id, self._fresh("text"))
        else:
            self.world.change(lead_id, **{what: self._fresh(what)})

    def _poll(self, seconds: float) -> None:
        self._survive(lambda: self.house.poll(seconds))

    def _survive(self, action: Callable[[], None]) -> None:
        try:
            action()
        except* Crash:
            self.house.kill()

    def _end_faults(self) -> None:
        self.house.pages.faults.clear()
        self.house.pages.before_page = lambda _number, _type: None
        self.house.pages.change_rows = lambda rows: rows
        self.house.store.faults.clear()
        self.house.store.late_faults.clear()
        self.house.wakes = lambda _names: None
        self.house.store.crash_in = None

    def _poll_until(self, begun: Mapping[str, datetime]) -> None:
        """Poll until a walk of each listing is complete that began after now."""
        since = self.house.upstream_now()
        for _ in range(200):
            if all(begun.get(listing_type, since) > since for listing_type in self.house.types):
                return
            self._poll(20)
        raise AssertionError("no walk was completed within an hour")


class Orderly(Machine):
    """A listing with the newest change first, which nothing leaves: head polls see all."""

    @rule()
    def a_head_poll_finds_everything(self) -> None:
        self._end_faults()
        self._poll_until(self.model.head_begun)
        self._assert_all_known()

    @rule(
        picks=st.lists(PICK, min_size=3, max_size=7),
        pages=st.integers(0, 3),
        how=st.sampled_from(("crash", "commit and crash", "pause")),
    )
    def a_head_poll_finds_what_a_broken_walk_has_left_open(
        self, picks: list[int], pages: int, how: str
    ) -> None:
        self._end_faults()
        self._poll(16)
        self.change(picks, "status")
        if how == "pause":
            self.house.pages.faults.extend([*[None] * pages, LONG_PAUSE])
            self._poll(1300)
        else:
            # A request takes two transactions: its claim and its commit.
            self.house.store.crash_in = 2 * pages + 1
            self.house.store.crash_commits = how != "crash"
            self._poll(16)
        self.a_head_poll_finds_everything()


class Wild(Machine):
    """Anything a listing can do; after a full walk everything is known."""

    sweeps_s = (120, 900)

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.gone = list[tuple[str, Row]]()

    @rule(pick=PICK)
    def change_without_a_new_update_time(self, pick: int) -> None:
        self._moment()
        lead_id = self._picked(pick)
        updated = self.world.row(lead_id)["updatedAt"]
        self.world.change(lead_id, city=self._fresh("city"), updatedAt=updated)

    @rule(pick=PICK)
    def convert(self, pick: int) -> None:
        self._moment()
        if chats := self.world.ids(NON_LEAD):
            self.world.convert(chats[pick % len(chats)])

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        self._moment()
        if len(self.world.ids()) > 1:
            lead_id = self._picked(pick)
            listing_type = LEAD if lead_id in self.world.ids() else NON_LEAD
            self.gone.append((listing_type, self.world.delete(lead_id)))

    @precondition(lambda self: self.gone)
    @rule()
    def come_back(self) -> None:
        self._moment()
        listing_type, row = self.gone.pop()
        self.world.put(row, listing_type=listing_type)

    @rule(order=st.sampled_from((Order.UPDATED_DESC, Order.CREATED_ASC, Order.UNORDERED)))
    def sort(self, order: Order) -> None:
        self.world.sort(order)

    @precondition(lambda self: self.before is not None)
    @rule(times=st.integers(1, 3))
    def let_a_replica_lag(self, times: int) -> None:
        assert self.before
        lead_id, old = self.before
        left = [times]

        def lag(rows: list[Row]) -> list[Row]:
            if not left[0] or all(row["_id"] != lead_id for row in rows):
                return rows
            left[0] -= 1
            return [old if row["_id"] == lead_id else row for row in rows]

        self._poll(16)
        self.house.pages.change_rows = lag

    @rule(times=st.integers(1, 4))
    def list_a_row_twice(self, times: int) -> None:
        left = [times]

        def doubled(rows: list[Row]) -> list[Row]:
            left[0] -= 1
            again = ({**row, "status": "DOUBLE"} for row in rows[:1])
            return [*rows, *again] if left[0] >= 0 else rows

        self.house.pages.change_rows = doubled


SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=20,
    deadline=None,
    derandomize="POLLER_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("machine", [Orderly, Wild])
def test_every_change_is_told_once(database: Database, machine: type[Machine]) -> None:
    # Of the poller it says nothing else on a server, where each example takes seconds.
    examples = EXAMPLES if database.is_file else max(EXAMPLES // 15, 1)
    made = cast("type[RuleBasedStateMachine]", partial(machine, database))
    run_state_machine_as_test(made, settings=settings(SETTINGS, max_examples=examples))
