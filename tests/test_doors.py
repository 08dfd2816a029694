"""Doors that one member of several keeps open."""

import asyncio
from typing import cast

import pytest

from notifier.members.membership import Membership
from notifier.service.doors import _by_one

pytestmark = pytest.mark.virtual_time


class Leases:
    """A member that has the lease for clicks, or has not."""

    held = True

    def holds(self, _thing: str) -> bool:
        return self.held


async def test_a_duty_has_said_good_bye_before_its_door_is_closed() -> None:
    begun, ended = asyncio.Event(), False

    async def duty() -> None:
        nonlocal ended
        try:
            begun.set()
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(1)
            ended = True

    leases = Leases()
    keeping = asyncio.create_task(_by_one(cast("Membership", leases), duty))
    await begun.wait()
    leases.held = False
    await keeping
    assert ended
