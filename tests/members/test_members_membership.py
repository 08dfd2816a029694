"""Members in this process, over one file: what each is told to begin, to end and to look at."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from notifier.clocks import Clocks
from notifier.core.leases import UPKEEP, Lease, digest, lane, name_of, source
from notifier.errors import BusyError
from notifier.members.member import Member
from notifier.members.membership import Membership
from notifier.store import destinations
from notifier.store.db import Store
from notifier.store.leases import Card
from notifier.store.sqlite import Sqlite

THINGS = frozenset((*map(source, "abcd"), *map(lane, "xy"), UPKEEP))
PATIENCE_S = 20.0


@dataclass
class Hands:
    """Work that begins and ends at once."""

    known: frozenset[str] = THINGS
    working: set[Lease] = field(default_factory=set)
    poked: list[str] = field(default_factory=list)
    refreshed: set[str] = field(default_factory=set)
    paused: dict[str, int] = field(default_factory=dict)
    dropped: int = 0

    def things(self) -> frozenset[str]:
        return self.known

    def at_work(self) -> set[Lease]:
        return set(self.working)

    def begin(self, lease: Lease) -> None:
        self.working.add(lease)

    def end(self, lease: Lease) -> None:
        self.working.discard(lease)

    def drop(self) -> None:
        self.dropped += 1
        self.working.clear()

    def poke(self, thing: str) -> None:
        self.poked.append(thing)

    def refresh(self, keys: Collection[str]) -> None:
        self.refreshed |= set(keys)

    def pause(self, token: str, pause_ms: int) -> None:
        self.paused[token] = pause_ms

    def shares(self) -> tuple[int, int]:
        sources = sum(name_of(one.thing, "source") is not None for one in self.working)
        lanes = sum(name_of(one.thing, "lane") is not None for one in self.working)
        return sources, lanes


@dataclass
class Host:
    """One member; ``ahead_ms`` is for how long it has slept."""

    store: Store
    name: str
    hands: Hands = field(default_factory=Hands)
    ahead_ms: int = 0
    membership: Membership = field(init=False)

    def __post_init__(self) -> None:
        numbers, clocks = count(), Clocks()
        member = Member(
            clock_ms=lambda: clocks.boot_ms() + self.ahead_ms,
            new_id=lambda: f"{self.name}{next(numbers)}",
        )

        def card() -> Card:
            knows = digest(self.hands.known)
            return Card(
                name=self.name, version="1", rules="r", knows=knows, share=not member.stops
            )

        self.membership = Membership(self.store, member, card=card, clocks=clocks)


@asynccontextmanager
async def host(folder: Path, name: str) -> AsyncIterator[Host]:
    found = Host(Store(Sqlite(folder / "notifier.db")), name)
    running = asyncio.create_task(found.membership.run(found.hands))
    try:
        yield found
    finally:
        running.cancel()
        found.store.close()


async def until(*hosts: Host, holds: Callable[[], bool]) -> None:
    """Return once something holds; each look is asked for."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            for one in hosts:
                one.membership.wake()
            await asyncio.sleep(0.01)


async def test_two_share_and_who_stops_hands_over(tmp_path: Path) -> None:
    async with host(tmp_path, "a") as a, host(tmp_path, "b") as b:
        await until(a, b, holds=lambda: a.hands.shares() == b.hands.shares() == (2, 1))
        b.membership.stop()
        await until(a, b, holds=lambda: a.hands.shares() == (4, 2))
        await b.membership.leave()
        assert not b.membership.is_in
        assert b.hands.dropped == 0


async def test_who_slept_drops_everything_and_joins_anew(tmp_path: Path) -> None:
    async with host(tmp_path, "a") as a:
        await until(a, holds=lambda: a.hands.shares() == (4, 2))
        before = a.hands.at_work()
        a.ahead_ms += 60_000
        assert not any(map(a.membership.trusts, before))
        await until(a, holds=lambda: a.hands.shares() == (4, 2) and a.membership.is_in)
        assert a.hands.dropped == 1
        assert a.membership.id == "a1"
        assert a.hands.at_work().isdisjoint(before)


async def test_what_one_is_asked_for_reaches_who_holds_it(tmp_path: Path) -> None:
    async with host(tmp_path, "a") as a, host(tmp_path, "b") as b:
        await until(a, b, holds=lambda: a.hands.shares() == b.hands.shares() == (2, 1))
        await a.store.run(destinations.remember, "b1/1", {"ts": "1"}, now_ms=1)
        a.membership.poke(THINGS)
        a.membership.news.changed(["b1/1", "b1/without a card"])
        a.membership.news.pause("key", 5_000)
        await until(a, b, holds=lambda: len(b.hands.poked) == len(b.hands.working))
        assert set(b.hands.poked) == {one.thing for one in b.hands.working}
        await until(a, b, holds=lambda: b.hands.refreshed == {"b1/1"})
        await until(a, b, holds=lambda: 4_000 < b.hands.paused.get("key", 0) <= 5_000)
        assert a.hands.poked == []


async def test_rules_that_name_something_no_more_have_it_ended(tmp_path: Path) -> None:
    async with host(tmp_path, "a") as a:
        await until(a, holds=lambda: a.hands.shares() == (4, 2))
        a.hands.known = THINGS - {lane("x")}
        await until(a, holds=lambda: a.hands.shares() == (4, 1))


async def test_without_its_database_trust_ends_by_itself(tmp_path: Path) -> None:
    async with host(tmp_path, "a") as a:
        await until(a, holds=lambda: a.hands.shares() == (4, 2))

        async def gone(*_: object, **__: object) -> None:
            raise BusyError("the server is away")

        a.store.read = a.store.run = gone  # type: ignore[method-assign, assignment]
        a.ahead_ms += 9_000
        assert not a.membership.is_in
        await until(a, holds=lambda: not a.hands.working)
