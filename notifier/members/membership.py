"""Takes part: once a second it looks who works on what, and has its share of that."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import Protocol

import structlog

from notifier.clocks import Clocks
from notifier.core.leases import LOOK_MS, Lease
from notifier.crashes import keep_doing
from notifier.errors import BusyError, StoreError
from notifier.members.member import Member
from notifier.members.news import Listener, News
from notifier.store import leases
from notifier.store.db import Store
from notifier.store.leases import Card
from notifier.transactions.membership import Answer, Request, check_in, take_turn

LOOK_S = LOOK_MS / 1000
TRUST_LOOK_S = 0.2
LEAVE_S = 3.0

log = structlog.get_logger()


class Work(Listener, Protocol):
    """What there is to do, and what is done by which lease."""

    def things(self) -> frozenset[str]:
        """Return everything that somebody has to work on, as far as the rules name it."""
        ...

    def at_work(self) -> Collection[Lease]:
        """Return the leases by which something goes on."""
        ...

    def begin(self, lease: Lease) -> None:
        """Work by this lease; it is asked for again where that was not possible."""
        ...

    def end(self, lease: Lease) -> None:
        """Finish what is in flight, and be at work by this lease no more."""
        ...

    def drop(self) -> None:
        """Stop everything at once: all leases are lost."""
        ...


class Membership:
    """One program's part among those that share the database.

    ``store`` has a thread and a connection of its own: work keeps it waiting for nothing.
    ``card`` tells what the member says of itself, ``heard`` gets the time by the database's
    clock.
    """

    def __init__(
        self,
        store: Store,
        member: Member,
        *,
        card: Callable[[], Card],
        clocks: Clocks,
        heard: Callable[[int], None] = lambda _ms: None,
    ) -> None:
        self._store = store
        self._member = member
        self._card = card
        self._clocks = clocks
        self._heard = heard
        self._woken = asyncio.Event()
        self.news = News(store)

    @property
    def id(self) -> str:
        """Whom the others know it by."""
        return self._member.id

    @property
    def is_in(self) -> bool:
        """Whether it may believe to be one of the members."""
        return self._member.is_in

    def trusts(self, lease: Lease) -> bool:
        """Whether it may work by this lease now."""
        return self._member.trusts(lease)

    def holds(self, thing: str) -> bool:
        """Whether it may work on this thing now."""
        lease = self._member.held.get(thing)
        return lease is not None and self._member.trusts(lease)

    def held(self) -> list[Lease]:
        """Return the leases to work by."""
        member = self._member
        return [one for one in member.held.values() if one.thing not in member.ending]

    def wake(self) -> None:
        """Something has changed here: look at once."""
        self._woken.set()

    def stop(self) -> None:
        """Take nothing more, and hand over what has ended."""
        self._member.stops = True
        self.wake()

    async def run(self, work: Work) -> None:
        """Take part until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_doing(lambda: self._turns(work), name="members", every_s=1))
            tasks.create_task(self._watch(work))

    async def join(self, things: frozenset[str]) -> None:
        """Become a member, with what is free already; raises StoreError or BusyError."""
        request = self._member.ask(self._card(), things, ())
        await self._asked(request)

    def poke(self, things: Iterable[str]) -> None:
        """Have others look at what they hold of these things, as soon as they look for work."""
        self.news.poke(one for one in things if not self.holds(one))
        self.wake()

    async def leave(self) -> None:
        """Hand over everything and be no member any more, if the database can be told."""
        with suppress(StoreError, BusyError, TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._store.run(leases.resign, self._member.id)
        self._member.lapse()

    async def _turns(self, work: Work) -> None:
        while True:
            self._woken.clear()
            try:
                await self._turn(work)
            except (StoreError, BusyError) as error:
                log.warning("members_unreachable", left_s=self._left_s, error=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()

    async def _turn(self, work: Work) -> None:
        member = self._member
        self._drop_lost(work)
        if member.stops:
            member.ending |= member.held.keys()
            if not member.is_in:
                return
        at_work = work.at_work()
        ended = [
            one
            for one in member.held.values()
            if one.thing in member.ending and one not in at_work
        ]
        request = member.ask(self._card(), work.things(), ended)
        before = set(member.held.values())
        answer = await self._asked(request)
        self._tell(answer, before, joined=request.joins)
        await self.news.exchange(answer.pokes, work, now_ms=answer.now_ms)
        self._drop_lost(work)
        for lease in member.held.values():
            if lease.thing in member.ending:
                work.end(lease)
            elif lease not in at_work:
                work.begin(lease)

    async def _asked(self, request: Request) -> Answer:
        member = self._member
        answer: Answer | None = None
        if not request.joins:
            renews, host_ms = member.renews(request), self._clocks.now_ms()
            answer = await self._store.read(check_in, request, renews=renews, host_ms=host_ms)
        if answer is None or (answer.is_in and answer.wants):
            host_ms = self._clocks.now_ms()
            answer = await self._store.run(take_turn, request, host_ms=host_ms)
        self._heard(answer.now_ms)
        member.hear(request, answer)
        return answer

    async def _watch(self, work: Work) -> None:
        """Leave what is lost as soon as trust ends, whatever the thread waits for."""
        while True:
            self._drop_lost(work)
            left_s = self._left_s
            await asyncio.sleep(min(left_s, TRUST_LOOK_S) if left_s else TRUST_LOOK_S)

    def _drop_lost(self, work: Work) -> None:
        member = self._member
        if member.held and not member.is_in:
            log.warning("leases_lost", things=len(member.held))
            member.lapse()
            work.drop()

    def _tell(self, answer: Answer, before: Collection[Lease], *, joined: bool) -> None:
        if joined and answer.is_in:
            log.info("member_joined", member=self._card().name)
        for name in answer.removed:
            log.warning("member_removed", member=name)
        held = set(self._member.held.values())
        if taken := sorted(one.thing for one in held - set(before)):
            log.info("leases_taken", things=taken)
        if gone := sorted(one.thing for one in set(before) - held):
            log.info("leases_handed_over", things=gone)

    @property
    def _left_s(self) -> float:
        return self._member.left_ms / 1000
