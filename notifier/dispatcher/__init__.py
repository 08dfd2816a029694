"""Delivers from the outbox: one lane a destination, none delays another."""

import asyncio
from collections.abc import Collection, Mapping

from notifier.destinations.base import Destination
from notifier.dispatcher.context import LaneContext, Limits
from notifier.dispatcher.lane import Lane
from notifier.dispatcher.pace import Pace

STOP_WITHIN_S = 10.0


class Dispatcher:
    """The lanes of all destinations, by name."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def open(
        self,
        destinations: Mapping[str, Destination],
        limits: Mapping[str, Limits],
        tools: LaneContext,
    ) -> None:
        """Make a lane for each destination; those of one channel share its tempo."""
        paces: dict[str, Pace] = {}
        for name, destination in destinations.items():
            channel = limits[name].channel or name
            pace = paces.setdefault(channel, Pace(destination.min_interval_s))
            self._lanes[name] = Lane(destination, limits[name], tools, pace)

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
