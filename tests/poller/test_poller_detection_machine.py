"""The proof of detection: whatever happens upstream and to the process, in any order.

A longer search: ``POLLER_EXAMPLES=2000 pytest tests/poller/test_poller_detection_machine.py``.
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from poller_house import BEGIN, Crash, House
from poller_model import Model, told

from notifier.errors import (
    BusyError,
    StoreError,
    UpstreamError,
    UpstreamPausedError,
    UpstreamRefusedError,
)
from notifier.records import LEAD, NON_LEAD
from notifier.rows import Row, iso_ms
from notifier.simulator.listing import Order

EXAMPLES = int(os.environ.get("POLLER_EXAMPLES", "60"))

PICK = st.integers(0, 1000)
KINDS = st.sampled_from((LEAD, NON_LEAD))
FAULTS = st.sampled_from(
    (
        UpstreamError("the upstream has a fault of its own (502)"),
        UpstreamRefusedError("refused (401)"),
        UpstreamPausedError("too many requests (429)", retry_after_s=None),
        UpstreamPausedError("too many requests (429)", retry_after_s=30),
        UpstreamPausedError("too many requests (429)", retry_after_s=1200),
    )
)


class DetectionMachine(RuleBasedStateMachine):
    """Drives a world, a poller and its database; the model reads along."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.number = 0
        self.gone: list[tuple[str, Row]] = []
        # Until a full walk begun later is complete, head polls alone prove nothing.
        self.shaken = False
        self.shaken_at = iso_ms(BEGIN)

    @initialize(
        size=st.integers(1, 4),
        leads=st.integers(0, 12),
        chats=st.integers(0, 5),
        types=st.sampled_from(((LEAD,), (LEAD, NON_LEAD))),
    )
    def build(self, size: int, leads: int, chats: int, types: tuple[str, ...]) -> None:
        path = Path(self.folder.name) / "notifier.db"
        self.house = House(path, page_size=size, types=types, sweep_s=900)
        self.world = self.house.world
        self.world.populate(leads)
        self.world.populate(chats, kind=NON_LEAD)
        self.model = Model()
        self.house.store.committed = self.model.committed

    # What happens upstream

    @rule(kind=KINDS)
    def create(self, kind: str) -> None:
        self._moment()
        self.world.create(kind=kind, status=self._fresh("new"))

    @rule(pick=PICK, what=st.sampled_from(("status", "assignee", "city", "message")))
    def change(self, pick: int, what: str) -> None:
        self._moment()
        if lead_id := self._picked(pick):
            self._change(lead_id, what)

    @rule(pick=PICK)
    def change_without_a_trace_in_the_order(self, pick: int) -> None:
        self._moment(shakes=True)
        if lead_id := self._picked(pick):
            updated = self.world.row(lead_id)["updatedAt"]
            self.world.change(lead_id, city=self._fresh("city"), updatedAt=updated)

    @rule(pick=PICK)
    def unassign(self, pick: int) -> None:
        self._moment()
        if lead_id := self._picked(pick):
            self.world.assign(lead_id, None)

    @rule(count=st.integers(1, 3))
    def come_and_go(self, count: int) -> None:
        self._moment()
        self.world.noise(count)

    @rule(pick=PICK)
    def convert(self, pick: int) -> None:
        self._moment(shakes=True)
        if chats := self.world.ids(NON_LEAD):
            self.world.convert(chats[pick % len(chats)])

    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        self._moment(shakes=True)
        if lead_id := self._picked(pick):
            kind = LEAD if lead_id in self.world.ids() else NON_LEAD
            self.gone.append((kind, self.world.delete(lead_id)))

    @precondition(lambda self: self.gone)
    @rule()
    def come_back(self) -> None:
        self._moment(shakes=True)
        kind, row = self.gone.pop()
        self.world.put(row, kind=kind)

    @rule(order=st.sampled_from((Order.UPDATED_DESC, Order.CREATED_ASC, Order.UNORDERED)))
    def sort(self, order: Order) -> None:
        self._moment(shakes=True)
        self.world.sort(order)

    @rule(page=st.integers(1, 4), count=st.integers(1, 4))
    def let_rows_shift_before_a_page(self, page: int, count: int) -> None:
        def shift(number: int, kind: str) -> None:
            if number >= page and kind == LEAD:
                self.house.pages.before_page = lambda _number, _kind: None
                for _ in range(count):
                    self.world.create(status=self._fresh("new"))

        self.house.pages.before_page = shift

    @rule(pick=PICK)
    def let_a_replica_lag(self, pick: int) -> None:
        self._moment()
        lead_id = self._picked(pick)
        if lead_id is None:
            return
        old = self.world.row(lead_id)
        self._change(lead_id, "status")

        def lag(rows: list[Row]) -> list[Row]:
            if any(row["_id"] == lead_id for row in rows):
                self.house.pages.change_rows = lambda rows: rows
            return [old if row["_id"] == lead_id else row for row in rows]

        self.house.pages.change_rows = lag

    # What happens to the requests and to the process

    @rule(fault=FAULTS, times=st.integers(1, 4), after=st.integers(0, 3))
    def fail(self, fault: UpstreamError, times: int, after: int) -> None:
        self.house.pages.faults.extend([None] * after + [fault] * times)

    @rule(times=st.integers(1, 3), error=st.sampled_from((StoreError, BusyError)))
    def lock_the_database(self, times: int, error: type[StoreError | BusyError]) -> None:
        self.house.store.faults.extend([error("not now")] * times)

    @rule(after=st.integers(0, 12), commits=st.booleans())
    def crash(self, after: int, commits: bool) -> None:
        self.house.store.crash_in = after
        self.house.store.crash_commits = commits

    @rule()
    def kill(self) -> None:
        self.house.kill()

    @rule()
    def restart(self) -> None:
        if self.house.tasks:
            self._survive(self.house.stop)

    @rule(hours=st.integers(-3, 3))
    def set_the_clock(self, hours: int) -> None:
        self.house.clock_step = timedelta(hours=hours)

    @rule(steps=st.integers(1, 40))
    def poll_for_a_moment(self, steps: int) -> None:
        self._poll(steps * 0.03)

    @rule(seconds=st.sampled_from((5, 16, 40, 100, 1000)))
    def poll(self, seconds: int) -> None:
        self._poll(seconds)

    # What must hold

    @invariant()
    def the_events_are_those_of_the_pages_committed(self) -> None:
        assert told(self.house) == self.model.expected

    @precondition(lambda self: not self._is_shaken())
    @rule()
    def a_head_poll_finds_everything(self) -> None:
        self._end_faults()
        self._poll_until(self.model.head_begun)
        if not self._is_shaken():
            self._assert_all_known()

    def teardown(self) -> None:
        if not hasattr(self, "house"):
            self.folder.cleanup()
            return
        try:
            self._end_faults()
            self._poll_until(self.model.full_begun)
            self._assert_all_known()
            self.the_events_are_those_of_the_pages_committed()
        finally:
            self.house.close()
            self.folder.cleanup()

    def _assert_all_known(self) -> None:
        stored = self.house.store.db.execute("SELECT lead_id, type, row FROM records")
        known = {lead_id: (kind, orjson.loads(row)) for lead_id, kind, row in stored}
        for kind in self.house.types:
            for lead_id in self.world.ids(kind):
                assert known[lead_id] == (kind, self.world.row(lead_id))

    def _is_shaken(self) -> bool:
        begun = self.model.full_begun
        covered = all(
            kind in begun and iso_ms(begun[kind]) > self.shaken_at for kind in self.house.types
        )
        return not covered or self.world.order is not Order.UPDATED_DESC

    def _moment(self, *, shakes: bool = False) -> None:
        """Let a moment pass, so that no two things happen at once."""
        self.house.loop.skip(0.002)
        if shakes:
            self.shaken_at = iso_ms(self.house.upstream_now())

    def _fresh(self, word: str) -> str:
        self.number += 1
        return f"{word} {self.number}"

    def _picked(self, pick: int) -> str | None:
        ids = [*self.world.ids(), *self.world.ids(NON_LEAD)]
        return ids[pick % len(ids)] if ids else None

    def _change(self, lead_id: str, what: str) -> None:
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
        self.house.pages.before_page = lambda _number, _kind: None
        self.house.pages.change_rows = lambda rows: rows
        self.house.store.faults.clear()
        self.house.store.crash_in = None

    def _poll_until(self, begun: Mapping[str, datetime]) -> None:
        """Poll until a walk of each listing is complete that began after now."""
        since = self.house.upstream_now()
        for _ in range(200):
            if all(begun.get(kind, since) > since for kind in self.house.types):
                return
            self._poll(20)
        raise AssertionError("no walk was completed within an hour")


TestDetection = DetectionMachine.TestCase
TestDetection.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    derandomize="POLLER_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
