"""Delivers from the outbox: one lane a destination, none delays another."""

import asyncio
from collections.abc import Collection, Mapping

from notifier.destinations.base import Destination
from notifier.dispatcher.context import LaneContext
from notifier.dispatcher.lane import Lane
from notifier.dispatcher.pace import Pace
from notifier.rules.limits import Limits

STOP_WITHIN_S = 10.0


class Dispatcher:
    """The lanes that are open, by their destinations' names; one channel has one tempo."""

    def __init__(
        self, destinations: Mapping[str, Destination], limits: Mapping[str, Limits]
    ) -> None:
        self._destinations = destinations
        self._limits = limits
        self._paces: dict[str, Pace] = {}
        self._lanes: dict[str, Lane] = {}

    def add(self, name: str, context: LaneContext) -> Lane:
        """Open the destination's lane."""
        destination, limits = self._destinations[name], self._limits[name]
        pace = self._paces.setdefault(limits.channel or name, Pace(destination.min_interval_s))
        self._lanes[name] = Lane(destination, limits, context, pace)
        return self._lanes[name]

    def remove(self, lane: object) -> None:
        """Forget a lane that has ended; another one may have its place already."""
        self._lanes = {name: one for name, one in self._lanes.items() if one is not lane}

    def open(self, context: LaneContext) -> None:
        """Open the lanes of all destinations."""
        for name in self._destinations:
            self.add(name, context)

    def wake(self, names: set[str]) -> None:
        """These destinations have new work."""
        for name in names & self._lanes.keys():
            self._lanes[name].wake()

    def refresh(self, keys: Collection[str]) -> None:
        """These leads, by their lane keys, have changed: so must the cards that show them."""
        for lane in self._lanes.values():
            lane.refresh(keys)

    def wake_all(self) -> None:
        """Somebody else wrote to the database: every lane looks."""
        for lane in self._lanes.values():
            lane.wake()

    async def run(self) -> None:
        """Deliver until :meth:`stop`; returns when nothing is in flight any more."""
        async with asyncio.TaskGroup() as lanes:
            for lane in self._lanes.values():
                lanes.create_task(lane.run())

    async def drain(self) -> None:
        """Deliver once what is due now, everywhere."""
        async with asyncio.TaskGroup() as lanes:
            for lane in self._lanes.values():
                lanes.create_task(lane.drain())

    def stop(self) -> None:
        """Finish what is in flight, at most :data:`STOP_WITHIN_S`, and claim no more."""
        for lane in self._lanes.values():
            lane.stop()
        asyncio.get_running_loop().call_later(STOP_WITHIN_S, self._abandon)

    def _abandon(self) -> None:
        for lane in self._lanes.values():
            lane.abandon()
