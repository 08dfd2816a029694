"""The demo's first half minute: one of everything, so that nobody has to wait for it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from notifier.core.rows import Json
from notifier.simulator.people import AGENTS
from notifier.simulator.world import World

KOFI: Mapping[str, Json] = {
    "name": "Kofi Mensah",
    "email": "kofi.mensah@example.com",
    "phone": {"prefix": "233", "number": "201234567"},
    "city": "Accra",
    "country": "Ghana",
    "tags": ["hot"],
    "attributes": {"Budget": "90000"},
}


async def opening(
    world: World, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Play a visitor who becomes a customer, beside changes of the world's newest leads.

    Needs a world with two leads or more.
    """
    asha, ingrid, *_ = (agent.id for agent in AGENTS)
    older, old = world.ids()[-2:]
    kofi = world.create(**KOFI)
    world.say(kofi, "Hello! Is the flat by the lagoon still free?")
    await sleep(2.5)
    world.change(old, status="CLOSED")
    await sleep(2)
    world.change(kofi, assignee=asha, status="INPROGRESS")
    await sleep(2.5)
    world.say(kofi, "Can I come and see it tomorrow at 10? 🙏")
    await sleep(2)
    world.assign(older, None)
    world.assign(kofi, ingrid)
    await sleep(3)
    world.change(kofi, attributes={"Budget": "120000"}, tags=["VIP ⭐"])
    await sleep(3)
    world.change(kofi, status="CLOSED")
