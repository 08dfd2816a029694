"""Lives of several members that share a database: each is a process on a host of its own.

They look at the members' table, and believe in their leases, so many times slower than in
service: seconds of theirs would be most of a simulated day's work.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from notifier.core import leases as core_leases
from notifier.members import member, membership
from notifier.service import assembly, housekeeping, sharing
from notifier.service.service import Service
from notifier.store import leases
from simulation.database_server import Way, engine_over
from simulation.disk import Disk, Moment
from simulation.life import PROMPT_S, RESTART_S, Life
from simulation.rules import EPOCH
from simulation.story import Entry
from simulation.world import WorldLoop, go_on

SLOWER = 60
LEASE_S = SLOWER * core_leases.LEASE_MS / 1000
TRUST_S = LEASE_S - SLOWER * core_leases.MARGIN_MS / 1000
HEED_S = 60.0
"""How often a member looks whether others have written: each half second, in service."""
LATENCY_S = 5.0
TAKEN_OVER_S = LEASE_S + 2 * SLOWER * core_leases.LOOK_MS / 1000 + HEED_S
"""How long it takes at most until others go on with what a member had."""


@dataclass(slots=True, kw_only=True)
class Seat:
    """A host, and the member on it, if there is one just now."""

    way: Way
    ahead_s: float = 0.0
    down_s: float = RESTART_S
    loop: WorldLoop | None = None
    main: asyncio.Task[None] | None = None
    service: Service | None = None
    frozen: int = 0


@dataclass(slots=True)
class SharedLife(Life):
    """Everything around the members. ``changes`` are times in which one comes or goes."""

    seats: list[Seat] = field(default_factory=list)
    changes: list[tuple[float, float]] = field(default_factory=list)
    forgets_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        Life.__post_init__(self)
        self.seats = [
            Seat(way=Way(now_ms=self._now_ms, rng=self._rng)) for _ in range(self.story.members)
        ]

    def patch(self, patched: pytest.MonkeyPatch) -> None:
        """Put the simulated server, and slower looks, into the program."""
        Life.patch(self, patched)
        lease_ms = SLOWER * core_leases.LEASE_MS
        for module in (core_leases, leases):
            patched.setattr(module, "LEASE_MS", lease_ms)
        patched.setattr(core_leases, "MARGIN_MS", SLOWER * core_leases.MARGIN_MS)
        patched.setattr(member, "RENEW_MS", SLOWER * core_leases.RENEW_MS)
        patched.setattr(membership, "LOOK_S", SLOWER * membership.LOOK_S)
        patched.setattr(membership, "TRUST_LOOK_S", SLOWER * membership.TRUST_LOOK_S)
        ids = SimpleNamespace(token_hex=lambda _: f"{self._rng.getrandbits(64):016x}")
        patched.setattr(sharing, "secrets", ids)
        patched.setattr(assembly, "engine_at", self._engine_at)
        patched.setattr(housekeeping, "WATCH_S", HEED_S)

    def lived(self) -> None:
        """Live the story to its end."""
        world = self.loop = WorldLoop(self._rng)
        main = world.create_task(self._around(world))
        while not main.done():
            awake = {id(one.loop): one for one in self.seats if one.loop and not one.frozen}
            loops = [one.loop for one in awake.values() if one.loop]
            stepped = go_on(self._rng, world, loops)
            if seat := awake.get(id(stepped)):
                self._see_end(seat)
        main.result()
        self.now_s, self.loop = world.time(), None
        for seat in self.seats:
            if seat.loop:
                self._bury(seat.loop, seat.way)
            seat.loop = seat.main = seat.service = None  # nothing of it outlives its log
        self.lives, self.story = list(self._calm()), self.lasting.happened()

    @property
    def disks(self) -> list[Disk]:
        """What the members write to."""
        return [one.way for one in self.seats]

    @property
    def prompt_s(self) -> float:
        """Within how long what was observed is told by another member."""
        return PROMPT_S + 2 * HEED_S

    def ends_s(self) -> list[float]:
        """Return when a member may have forgotten what it had just done."""
        return self.forgets_s

    def changed_hands(self, from_s: float, until_s: float) -> bool:
        """Whether another member may have gone on between these times."""
        return any(
            begin_s < until_s and from_s < end_s + TAKEN_OVER_S
            for begin_s, end_s in self.changes
        )

    def effects(self) -> Counter[str]:
        """Return how often each fault has taken effect until now."""
        met = Life.effects(self)
        for seat in self.seats:
            met["cut off"] += seat.way.met_cut
            met["answer lost"] += seat.way.met_lost
        return met

    @property
    def _world(self) -> WorldLoop:
        assert isinstance(self.loop, WorldLoop)
        return self.loop

    async def _around(self, world: WorldLoop) -> None:
        """Let servers serve, members begin, and each entry happen when its time has come."""
        for server in self.servers.values():
            await server.open(world)
        await self.mail.open(world)
        for seat in self.seats:
            self._begin(seat)
        while self._left:
            await asyncio.sleep(max(self._left[0].at_s - world.time(), 0))
            self._happens(self._left.pop(0))
        await asyncio.sleep(self.story.ends_s - world.time())

    def _begin(self, seat: Seat) -> None:
        self._changes(0.0)
        loop = seat.loop = WorldLoop(self._rng, within=self._world)
        seat.main = loop.create_task(self._member(seat, loop))

    async def _member(self, seat: Seat, loop: WorldLoop) -> None:
        async with self._assembled(loop, lambda: self._wall_of(seat)) as service:
            seat.service = service
            await service.run()

    def _see_end(self, seat: Seat) -> None:
        """Where a process has ended, begin another one in a while."""
        loop, main = seat.loop, seat.main
        assert loop is not None
        assert main is not None
        if not (loop.is_dead or main.done()):
            return
        self._bury(loop, seat.way)
        seat.loop = seat.main = seat.service = None
        self._changes(seat.down_s)
        self._world.call_later(seat.down_s, self._begin, seat)
        seat.down_s = RESTART_S
        if main.done() and not main.cancelled() and (error := main.exception()):
            self._ended_by(error)

    def _changes(self, lasts_s: float) -> None:
        """Note that a member comes or goes, or is away for so long."""
        now_s = self.clock_s()
        self.changes.append((now_s, now_s + lasts_s))
        self.forgets_s += [now_s, now_s + LATENCY_S, now_s + TRUST_S, now_s + lasts_s]

    def _happens(self, entry: Entry) -> None:
        seat = self.seats[self._rng.randrange(len(self.seats))]
        match entry.what:
            case "kill" if entry.once:
                self._await(entry)
            case "freeze":
                self._freeze(seat, entry.lasts_s)
            case "cut off":
                self._changes(entry.lasts_s)
                self.lasting.beside(
                    entry, partial(self._cut, seat, True), partial(self._cut, seat, False)
                )
            case "answer lost":
                self._changes(0.0)
                seat.way.loses_after = entry.number
            case "kill" if seat.loop:
                self._kill_one(seat, seat.loop, entry)
            case "stop" if seat.service:
                self.met["stopped"] += 1
                seat.down_s = entry.lasts_s
                seat.service.stop()
            case "clock":
                self._mistake(entry, partial(self._set, seat))
            case "kill" | "stop":
                return
            case _:
                Life._happens(self, entry)

    def _freeze(self, seat: Seat, lasts_s: float) -> None:
        self.met["frozen"] += bool(seat.loop)
        self._changes(lasts_s)
        seat.frozen += 1
        self._world.call_later(lasts_s, self._thaw, seat)

    def _thaw(self, seat: Seat) -> None:
        seat.frozen -= 1

    def _cut(self, seat: Seat, is_cut: bool) -> None:
        seat.way.is_cut = is_cut

    def _set(self, seat: Seat, by_s: float) -> None:
        seat.ahead_s += by_s

    def _kill_one(self, seat: Seat, loop: WorldLoop, entry: Entry) -> None:
        seat.down_s = entry.lasts_s or RESTART_S
        if entry.text == "await":
            loop.dies_at_step = loop.steps + entry.number
        else:
            seat.way.dies = (Moment(entry.text), entry.number)

    def _wall_of(self, seat: Seat) -> datetime:
        return EPOCH + timedelta(seconds=self.clock_s() + seat.ahead_s)

    def _now_ms(self) -> int:
        return round((EPOCH.timestamp() + self.clock_s()) * 1000)

    def _engine_at(self, place: Any) -> Any:
        running = asyncio.get_running_loop()
        (seat,) = (one for one in self.seats if one.loop is running)
        return engine_over(seat.way, place)

    def _calm(self) -> list[tuple[float, float]]:
        """Return the times in which each member does what it did before."""
        calm, from_s = [], 0.0
        for begin_s, end_s in sorted([*self.changes, (self.now_s, self.now_s)]):
            if begin_s > from_s:
                calm.append((from_s, begin_s))
            from_s = max(from_s, end_s + TAKEN_OVER_S)
        return calm
